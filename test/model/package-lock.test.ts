import { expect, test } from 'vitest';
import { lockedFile, lockMismatch, parseLock, saveCommand } from '../../src/model/package-lock.ts';
import type { GitSpec } from '../../src/model/source.ts';

const same = (path: string) => path;

test.each([
  ['{', 1, 2],
  ['{"version": 1,\n  "packages": {]}', 2, 16],
  ['{"version": 1,\n "packages": {\n  "a": {"spec": "a"}}}', 3, 3],
  ['{"version": 1, "packages": {"a": {"spec": "a",\n "version": "file:/tmp/a", "integrity": null, "resolved": null}}}', 2, 2],
  ['{"version": 1, "packages": {"a": {"spec": "u/a", "version": "1.0.0", "integrity": null,\n  "resolved": "git+file:///a.git"}}}', 2, 3],
  ['{"version": 2,\n "packages": {}}', 1, 2],
])('what is wrong with %j is told with its place', (text, line, column) => {
  expect(parseLock(text, same)).toMatchObject({ problem: { line, column, message: expect.stringMatching(/\S/) } });
});

test('the lock lies beside the first file, or beside that of the source', () => {
  const files = ['/etc/muster/muster.yaml', '/state/source/hosts/web1.yaml'].map((path) => ({ path, text: '', sha256: '' }));
  const git = { path: 'hosts/web1.yaml' } as GitSpec;
  expect(lockedFile({ files, source: null })).toBe('/etc/muster/muster.yaml');
  expect(lockedFile({ files, source: { git } })).toBe('/state/source/hosts/web1.yaml');
  expect(lockedFile({ files: files.slice(0, 1), source: { git } })).toBeNull();
});

test('what to do where the config asks for another thing names the module and its package', () => {
  const lock = new Map([['p', { spec: 'p@1', version: '1.0.0', integrity: null, resolved: null }]]);
  expect(lockMismatch('p', 'p@1', lock)).toBeNull();
  expect(lockMismatch('p', 'p@2', lock)?.hint).toBe('muster install --save p@2, or take p out of muster.lock');
  expect(saveCommand('other', '@scope/p')).toBe('muster install --save --name other @scope/p');
  expect(saveCommand('p', './p.tgz')).toBe('muster install --save --name p ./p.tgz');
});
