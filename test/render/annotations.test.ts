import { expect, test } from 'vitest';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { githubAnnotations, gitlabReport } from '../../src/render/annotations.ts';
import { fc } from '../support/properties.ts';

const place = { line: 4, column: 3, endLine: 4, endColumn: 9 };
const finding: Diagnostic = { severity: 'error', code: 'badValue', message: 'no', file: '/srv/a.yaml', ...place };
const named = (file: string): string => file.replace('/srv/', '');

test('a finding is one command of a workflow, at its place', () => {
  const warning: Diagnostic = { ...finding, severity: 'warning', hint: 'say yes', file: '', line: 0 };
  expect(githubAnnotations([finding, warning], named)).toBe(
    '::error file=a.yaml,line=4,endLine=4,col=3,endColumn=9,title=badValue::no\n::warning title=badValue::no%0Asay yes\n',
  );
});

/** As the runner of a workflow reads it. */
function read(line: string): { properties: Record<string, string>; data: string } {
  const [, properties = '', data = ''] = /^::error ([^:]*)::(.*)$/s.exec(line) ?? [];
  const plain = (text: string): string =>
    text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
  const pairs = properties.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), plain(pair.slice(pair.indexOf('=') + 1))]);
  return { properties: Object.fromEntries(pairs), data: plain(data) };
}

test('whatever stands in a finding, it reads as it was meant and begins no other command', () => {
  const text = fc
    .array(fc.oneof(fc.constantFrom('%', '\r', '\n', ':', ',', '::', '%0A', '::error::x', '=', '\u2028'), fc.string()), { maxLength: 5 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, (message, file) => {
      const said = githubAnnotations([{ ...finding, message, file: `x${file}` }], named);
      expect(said.split(/[\r\n]/).filter((line) => line !== '')).toHaveLength(1);
      const { properties, data } = read(said.slice(0, -1));
      expect(properties).toMatchObject({ file: `x${file}`, line: '4', title: 'badValue' });
      expect(data).toBe(message);
    }),
  );
});

test('findings of a report are told apart by their place', () => {
  const report = gitlabReport(
    [finding, { ...finding, line: 5, endLine: 5 }, { ...finding, line: 0, endLine: 0, hint: 'say yes' }],
    named,
    (text) => text,
  );
  expect(new Set(report.map(({ fingerprint }) => fingerprint)).size).toBe(3);
  expect(report[2]).toMatchObject({
    description: 'no (say yes)',
    severity: 'critical',
    location: { path: 'a.yaml', lines: { begin: 1, end: 1 } },
  });
});
