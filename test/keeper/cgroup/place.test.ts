import { expect, test } from 'vitest';
import { folderName, placeOf } from '../../../src/keeper/cgroup/place.ts';

test('a cgroup is named by daemon and module, or by its own words', () => {
  expect(placeOf(undefined, 'd1', 'web')).toBe('muster/d1/web');
  expect(placeOf({ base: 'a/b', path: null }, 'd1', 'web')).toBe('a/b/d1/web');
  expect(placeOf({ base: 'muster', path: 'front/web' }, 'd1', 'web')).toBe('muster/front/web');
});

test('no two names are one folder, and none is that of an interface file', () => {
  const names = ['web', 'runner:main', 'gateway.status', 'memory.max', '_memory.max', 'cgroup.procs', '_web', 'a.example.com'];
  const folders = names.map(folderName);
  expect(new Set(folders).size).toBe(names.length);
  expect(folders.slice(3, 6)).toEqual(['_memory.max', '__memory.max', '_cgroup.procs']);
});

test.each([
  ['path', '../../x', 'has the part ".."'],
  ['path', '/x', 'is absolute'],
  ['path', 'a//b', 'has an empty part'],
  ['path', 'a/.', 'has the part "."'],
  ['path', 'cgroup.procs', 'has the part "cgroup.procs"'],
  ['path', '', 'has an empty part'],
  ['base', 'a/../..', 'has the part ".."'],
  ['base', '/', 'is absolute'],
  ['base', 'x\ny', 'has the part "x\\ny"'],
])('a %s that leads elsewhere is refused: %s', (key, path, why) => {
  const spec = { base: 'muster', path: null, [key]: path };
  expect(() => placeOf(spec, 'd1', 'web')).toThrow(`cgroup.${key} ${JSON.stringify(path)} ${why}`);
});
