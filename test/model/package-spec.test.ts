import { expect, test } from 'vitest';
import { configVariables, mergedConfig } from '../../src/model/package-config.ts';
import { exactly, moduleNameOf, packageSpecKind, withAbsolutePath } from '../../src/model/package-spec.ts';

test.each<[string, ReturnType<typeof packageSpecKind>]>([
  ['name', { kind: 'registry', name: 'name', range: '' }],
  ['name@^1.2', { kind: 'registry', name: 'name', range: '^1.2' }],
  ['name@>=1 <3', { kind: 'registry', name: 'name', range: '>=1 <3' }],
  ['@scope/name', { kind: 'registry', name: '@scope/name', range: '' }],
  ['@scope/name@latest', { kind: 'registry', name: '@scope/name', range: 'latest' }],
  ['alias@npm:other@1', { kind: 'registry', name: 'alias', range: 'npm:other@1' }],
  ['alias@npm:@x/other', { kind: 'registry', name: 'alias', range: 'npm:@x/other' }],
  ['alias@file:../a', { kind: 'local', path: '../a' }],
  ['@x/alias@/a/b', { kind: 'local', path: '/a/b' }],
  ['alias@./a.tgz', { kind: 'local', path: './a.tgz' }],
  ['alias@..', { kind: 'local', path: '..' }],
  ['alias@user/repo', { kind: 'git' }],
  ['alias@git+file:///r.git', { kind: 'git' }],
  ['alias@https://example.com/a.tgz', { kind: 'other' }],
  ['FILE:/a', { kind: 'local', path: '/a' }],
  ['~/a', { kind: 'other' }],
  ['alias@~/a', { kind: 'other' }],
  ['.', { kind: 'local', path: '.' }],
  ['..', { kind: 'local', path: '..' }],
  ['./a', { kind: 'local', path: './a' }],
  ['/a/b', { kind: 'local', path: '/a/b' }],
  ['file:../a', { kind: 'local', path: '../a' }],
  ['file:///a/b', { kind: 'local', path: '/a/b' }],
  ['a-1.0.0.tgz', { kind: 'local', path: 'a-1.0.0.tgz' }],
  ['git+file:///r.git', { kind: 'git' }],
  ['git@example.com:a/b.git', { kind: 'git' }],
  ['user/repo#v1', { kind: 'git' }],
  ['https://example.com/r.git#main', { kind: 'git' }],
  ['https://example.com/a.tgz', { kind: 'other' }],
])('%s is what npm takes it for', (spec, kind) => {
  expect(packageSpecKind(spec)).toEqual(kind);
});

test('one version of a package is that of the package which is installed, whatever it is called here', () => {
  const ranges = ['', '^1', 'npm:other', 'npm:@x/other@^1'];
  expect(ranges.map((range) => exactly({ name: 'p', range }, '1.2.3'))).toEqual([
    ...['p@1.2.3', 'p@1.2.3', 'p@npm:other@1.2.3', 'p@npm:@x/other@1.2.3'],
  ]);
});

test('only local paths are made absolute', () => {
  const at = (spec: string) => withAbsolutePath(spec, (path) => `/here/${path}`);
  expect(['./a', 'file:a', 'a@^1', 'user/repo', 'https://x/a.tgz'].map(at)).toEqual([
    '/here/./a',
    '/here/a',
    'a@^1',
    'user/repo',
    'https://x/a.tgz',
  ]);
});

test('a module has the name of its package, without what only services have in theirs', () => {
  expect(['a', '@scope/a-b', 'socket.io', '@s/x.y~z', '../evil', '-'].map(moduleNameOf)).toEqual([
    ...['a', 'a-b', 'socket-io', 'x-y-z', 'evil', ''],
  ]);
});

test('maps of a config are merged, all else is replaced', () => {
  const defaults = { a: 1, list: [1, 2], nested: { x: 1, deep: { y: 1, z: 2 } } };
  expect(mergedConfig(defaults, { a: null, list: [3], nested: { deep: { y: 2 } }, b: true })).toEqual({
    ...{ a: null, list: [3], b: true },
    nested: { x: 1, deep: { y: 2, z: 2 } },
  });
  expect(mergedConfig({ a: { b: 1 } }, { a: 'text' })).toEqual({ a: 'text' });
});

test('a config is variables: each key, and all of it under the name of the package, which goes before', () => {
  expect(configVariables('@s/p', { text: 'a b', number: 1, flag: false, list: [1], map: { a: 1 }, nothing: null, 'a=b': 1 })).toEqual({
    ...{ text: 'a b', number: '1', flag: 'false', list: '[1]', map: '{"a":1}', nothing: 'null' },
    '@s/p': '{"text":"a b","number":1,"flag":false,"list":[1],"map":{"a":1},"nothing":null,"a=b":1}',
  });
  expect(configVariables('p', { p: 1 })).toEqual({ p: '{"p":1}' });
});
