import { expect, test } from 'vitest';
import type { ConfigSet } from '../../src/model/config-set.ts';
import { MusterError } from '../../src/model/error.ts';
import type { PackageLock, Packages } from '../../src/model/package.ts';
import { lockOf } from '../../src/resolve/package.ts';

const config = (source: unknown) => ({ files: [{ path: '/etc/muster/muster.yaml' }], source }) as unknown as ConfigSet;
const withLock = (lock: () => Promise<PackageLock | null>) => ({ lock }) as unknown as Packages;
const fromGit = { git: { path: 'muster.yaml' } };

test('what comes from a repository without a lock has an empty one, so that each package in it is told of', async () => {
  const none = withLock(async () => null);
  expect(await lockOf(config(null), none)).toBeNull();
  expect(await lockOf(config(fromGit), none)).toEqual(new Map());
});

test('a lock that is damaged is handed on as what is wrong with each package', async () => {
  const damaged = new MusterError('EINVAL', 'the lock is damaged');
  expect(
    await lockOf(
      config(null),
      withLock(() => Promise.reject(damaged)),
    ),
  ).toBe(damaged);
});
