import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { diagnosticsText } from '../../src/render/diagnostics.ts';
import { plainStyle } from '../../src/render/style.ts';

const file = '/srv/muster.yaml';
const typo: Diagnostic = {
  severity: 'error',
  code: 'unknownKey',
  message: 'unknown key stopTimout',
  hint: 'did you mean stopTimeout?',
  file,
  line: 3,
  column: 5,
  endLine: 3,
  endColumn: 15,
};
const text = 'modules:\n  web:\n    stopTimout: 5s\n\tx: 1\n';
const shown = (diagnostic: Diagnostic) => diagnosticsText([diagnostic], plainStyle, new Map([[file, text]])).split('\n');

describe('the text of diagnostics', () => {
  it('names place, severity, code, message and hint', () => {
    expect(diagnosticsText([typo])).toBe(
      '/srv/muster.yaml:3:5: error unknownKey: unknown key stopTimout\n  hint: did you mean stopTimeout?',
    );
  });

  it('marks the place in its line where the text of the file is given', () => {
    expect(shown(typo).slice(1, 3)).toEqual(['  3 |     stopTimout: 5s', '    |     ^^^^^^^^^^']);
  });

  it('keeps tabs, so that the caret stands below the place', () => {
    expect(shown({ ...typo, line: 4, column: 2, endLine: 4, endColumn: 3 })[2]).toBe('    | \t^');
  });

  it('marks to the end of the line what goes on in the next', () => {
    expect(shown({ ...typo, line: 2, column: 3, endLine: 3, endColumn: 4 })[2]).toBe('    |   ^^^^');
  });

  it('shows one caret for an empty place and for one behind the end of the line', () => {
    expect(shown({ ...typo, column: 5, endColumn: 5 })[2]).toBe('    |     ^');
    expect(shown({ ...typo, line: 1, column: 9, endLine: 1, endColumn: 9 })[2]).toBe('    |         ^');
  });

  it('goes without the line where the file is shorter by now', () => {
    expect(shown({ ...typo, line: 99 })).toHaveLength(2);
  });

  it('names no place where there is none', () => {
    expect(diagnosticsText([{ ...typo, file: '' }])).toMatch(/^error unknownKey: /);
  });
});
