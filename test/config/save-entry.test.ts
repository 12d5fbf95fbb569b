import { expect, test } from 'vitest';
import { withPackage } from '../../src/config/save-entry.ts';

const save = (text: string, more: object = {}) =>
  withPackage(text, { file: 'muster.yaml', name: 'p', entry: { package: '@s/p@^2', ...more } });

test('a package is one line more, at the end of modules, and all else stays to the letter', () => {
  const before = '# top\nversion: 1\nmodules: # here\n  a: builtin:heartbeat # x\n\n  b:\n    command: [sleep,   "1"]   # keep\n';
  const after = '\n# between\npolicy: {watch: "off"}\n';
  expect(save(before + after, { watch: true })).toBe(`${before}  p: {package: "@s/p@^2", watch: true}\n${after}`);
});

test.each([
  ['nothing but a version', 'version: 1\n', 'version: 1\nmodules:\n  p: {package: "@s/p@^2"}\n'],
  ['no last line break', 'modules:\n    a: {command: [x]}', 'modules:\n    a: {command: [x]}\n    p: {package: "@s/p@^2"}\n'],
  [
    'a text over several lines',
    'modules:\n  a:\n    command:\n      - |\n        x\n',
    'modules:\n  a:\n    command:\n      - |\n        x\n  p: {package: "@s/p@^2"}\n',
  ],
  ['no modules', 'version: 1\nmodules: {}\n', 'version: 1\nmodules: { p: { package: "@s/p@^2" } }\n'],
  [
    'its own entry',
    'modules:\n  p:\n    package: p@^1 # pin\n    config: {a: 1}\n',
    'modules:\n  p:\n    package: "@s/p@^2" # pin\n    config: {a: 1}\n',
  ],
])('a config with %s takes it', (_, before, after) => {
  expect(save(before)).toBe(after);
});

test('a dollar is one when it is read again', () => {
  expect(withPackage('modules:\n  a: {command: [x]}\n', { file: 'f', name: 'p', entry: { package: './$x' } })).toContain(
    'p: {package: ./$$x}',
  );
});

test('an entry that is no package, and a file with an error, are left alone', () => {
  expect(() => save('modules:\n  p: {command: [x]}\n')).toThrow('p is declared already, and not as a package');
  expect(() => save('modules:\n  p: builtin:heartbeat\n')).toThrow('p is declared already');
  expect(() => save('modules: [\n')).toThrow('muster.yaml has an error, and is not written to');
});
