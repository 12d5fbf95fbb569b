import { expect, test } from 'vitest';
import { closedTo } from '../../src/model/closed.ts';

const modes: Record<string, readonly [number, number]> = {
  '/': [0, 0o755],
  '/bin': [0, 0o755],
  '/state': [0, 0o700],
  '/state/current': [0, 0o700],
  '/own': [65534, 0o700],
  '/group': [0, 0o710],
};
const look = (path: string) => {
  const [uid, mode] = modes[path] ?? [];
  return uid === undefined || mode === undefined ? undefined : { uid, mode };
};
const closed = (program: string, cwd: string, uid: number | null = 65534) => closedTo({ uid }, program, cwd, look);

test('a folder that its owner alone may enter keeps a program from another user', () => {
  expect(closed('/state/current/p.sh', '/')?.message).toContain('lies in /state, which');
  expect(closed('./p.sh', '/state/current')).toMatchObject({
    code: 'EACCES',
    message: expect.stringContaining('lies in /state/current, which'),
  });
});

test('nothing is said against what may work', () => {
  expect(closed('/bin/sh', '/state/current'), 'a working folder is entered for it').toBe(null);
  expect(closed('sh', '/state/current'), 'a name is looked up').toBe(null);
  expect(closed('/own/p.sh', '/')).toBe(null);
  expect(closed('./p.sh', '/group'), 'the group may be its own, or an access list may say so').toBe(null);
  expect(closed('/gone/p.sh', '/')).toBe(null);
  for (const uid of [0, null]) expect(closed('/state/current/p.sh', '/', uid)).toBe(null);
});
