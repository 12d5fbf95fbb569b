import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockText, readLock } from '../../src/packages/lock.ts';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'muster-lock-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const pin = { version: '1.0.0', integrity: 'sha512-x', resolved: null };

test('a lock is sorted, says nothing of where it lies, and is read as it was written', async () => {
  const dir = folder();
  const lock = new Map([
    ['z', { spec: 'z@^1', ...pin }],
    ['a', { spec: join(dir, 'vendor/a.tgz'), ...pin }],
  ]);
  const text = lockText(lock, dir);
  expect(text).not.toContain(dir);
  expect(text.indexOf('"a"')).toBeLessThan(text.indexOf('"z"'));
  writeFileSync(join(dir, 'muster.lock'), text);
  const read = await readLock(join(dir, 'muster.lock'));
  expect(lockText(read ?? new Map(), dir)).toBe(text);
  expect(read?.get('a')?.spec).toBe(join(dir, 'vendor/a.tgz'));
});

test.each(['{', '[]', '{"version": 2, "packages": {}}', '{"version": 1, "packages": {"a": {"spec": "a"}}}'])(
  '%s is no lock',
  async (text) => {
    const file = join(folder(), 'muster.lock');
    writeFileSync(file, text);
    await expect(readLock(file)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringMatching(/muster\.lock:1:\d+: the lock is damaged: /),
    });
  },
);

test('where there is none there is none', async () => {
  expect(await readLock(join(folder(), 'muster.lock'))).toBeNull();
});
