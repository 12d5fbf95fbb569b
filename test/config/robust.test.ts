// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a config refers to variables

import { expect, test } from 'vitest';
import { fc } from '../support/properties.ts';
import { compileText } from './setting.ts';

const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '\n',
      '\n  ',
      '\n    ',
      ': ',
      ' ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ', ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '&a ',
      '*a',
      '!',
      '<<',
      '? ',
      '\t',
      '---',
      '%',
      '@',
      '`',
      '\r\n',
      '\0',
      '\uFEFF',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'modules:\n  ',
      'a',
      'module',
      'command',
      'env',
      'config',
      'requires',
      'policy',
      'defaults',
      'include',
      'version: 1\n',
      'null',
      '1e9',
      '.inf',
      '${X}',
      '${X:-',
      '$$',
      'x-',
      'secret',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
);

test('whatever stands in a file, the outcome is a config or findings with places in the file', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      const text = pieces.join('');
      const outcome = await compileText(text);
      const lines = text.split('\n').length;
      for (const { line, column, endLine, code, message } of outcome.ok ? outcome.config.warnings : outcome.diagnostics) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(endLine).toBeLessThanOrEqual(lines + 1);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(code).toMatch(/^[a-zA-Z]+$/);
        expect(message).not.toMatch(/Invalid input|\[object|\bundefined\b/);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a file that aliases blow up, or that is nested without end, is refused within seconds', async () => {
  const bombs = [
    `x: ${'['.repeat(200_000)}`,
    `x:\n${Array.from({ length: 5000 }, (_, depth) => `${' '.repeat(depth + 1)}a:`).join('\n')}`,
    `x-0: &l0 {a: 1}\n${Array.from({ length: 60 }, (_, n) => `x-${n + 1}: &l${n + 1} {a: *l${n}, b: *l${n}}`).join('\n')}\nmodules: {a: {module: m, config: *l60}}`,
    `x-0: &l0 {a: 1}\n${Array.from({ length: 60 }, (_, n) => `x-${n + 1}: &l${n + 1} {<<: [*l${n}, *l${n}], k${n}: *l${n}}`).join('\n')}\nmodules: {a: {module: m, config: *l60}}`,
  ];
  const started = process.cpuUsage();
  for (const bomb of bombs) expect((await compileText(`version: 1\n${bomb}\n`)).ok).toBe(false);
  expect(process.cpuUsage(started).user).toBeLessThan(10_000_000); // microseconds, whatever else the machine does
});
