import { expect, test } from 'vitest';
import { parse } from 'yaml';
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
  ['no modules', 'version: 1\nmodules: {}\n', 'version: 1\nmodules: {p: {package: "@s/p@^2"}}\n'],
  ['braces on one line', 'modules: { a: x/y } # z\n', 'modules: { a: x/y, p: {package: "@s/p@^2"} } # z\n'],
  [
    'braces over several lines',
    'modules: { a: x/y, # one\n  b: {command: [x]} } # two\n',
    'modules: { a: x/y, # one\n  b: {command: [x]}, p: {package: "@s/p@^2"} } # two\n',
  ],
  [
    'braces and a last comma',
    'modules: {\n    a: x/y, # one, two\n    # three\n  }\n',
    'modules: {\n    a: x/y, # one, two\n    p: {package: "@s/p@^2"},\n    # three\n  }\n',
  ],
  [
    'line ends of Windows',
    'modules:\r\n  a: x/y # one\r\npolicy: {}\r\n',
    'modules:\r\n  a: x/y # one\r\n  p: {package: "@s/p@^2"}\r\npolicy: {}\r\n',
  ],
  ['its own entry in braces', 'modules: {p: {package: p@^1, config: {}}}\n', 'modules: {p: {package: "@s/p@^2", config: {}}}\n'],
  [
    'its own entry',
    'modules:\n  p:\n    package: p@^1 # pin\n    config: {a: 1}\n',
    'modules:\n  p:\n    package: "@s/p@^2" # pin\n    config: {a: 1}\n',
  ],
])('a config with %s takes it', (_, before, after) => {
  expect(save(before)).toBe(after);
});

test.each([
  ['one line', '{"version":1,"modules":{"a":{"command":["x"]}}}', '{"version":1,"modules":{"a":{"command":["x"]}, NEW}}'],
  [
    'several lines',
    '{\n  "modules": {\n    "a": {\n      "command": ["x"]\n    }\n  },\n  "version": 1\n}\n',
    '{\n  "modules": {\n    "a": {\n      "command": ["x"]\n    },\n    NEW\n  },\n  "version": 1\n}\n',
  ],
  ['no modules', '{\r\n\t"version": 1\r\n}\r\n', '{\r\n\t"version": 1,\r\n\t"modules": {NEW}\r\n}\r\n'],
  ['its own entry', '{"modules": {"p":{"package":"p@^1"}}}', '{"modules": {"p":{"package":"@s/p@^2"}}}'],
])('JSON with %s stays JSON', (_, before, after) => {
  const entry = { config: { list: [1, 'a\n]'], none: {} } };
  const saved = save(before, entry);
  expect(saved).toBe(after.replace('NEW', '"p": {"package": "@s/p@^2", "config": {"list": [1, "a\\n]"], "none": {}}}'));
  expect(JSON.parse(saved)).toMatchObject({ modules: { p: { package: '@s/p@^2' } } });
});

test('a dollar is one when it is read again', () => {
  const entry = { package: './$x', args: ['$x'] };
  const saved = withPackage('modules:\n  a: {command: [x]}\n', { file: 'f', name: 'p', entry });
  expect(parse(saved).modules.p).toEqual({ package: './$$x', args: ['$$x'] });
});

test('an entry that is no package, and a file with an error, are left alone', () => {
  expect(() => save('modules:\n  p: {command: [x]}\n')).toThrow('p is declared already, and not as a package');
  expect(() => save('modules:\n  p: builtin:heartbeat\n')).toThrow('p is declared already');
  expect(() => save('modules: [\n')).toThrow('muster.yaml has an error, and is not written to');
});
