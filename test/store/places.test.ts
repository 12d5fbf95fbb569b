import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDisk } from '../../src/store/disk.ts';
import { loadKey } from '../../src/store/key.ts';
import { prepareStateDir } from '../../src/store/state-dir.ts';
import { openStore } from '../../src/store/store.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import { generation, loadedRecord } from './sample.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-store-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

it('keeps its state in files that only their owner can read', async () => {
  const store = await openStore({ disk: openDisk(dir), random: seeded(1), log: quiet });
  await store.append({ type: 'loaded', record: loadedRecord('web') });
  await store.saveGeneration(generation(1, ['web']));
  await loadKey(openDisk(dir));
  await store.close();
  expect((await readdir(dir)).sort()).toEqual(['generations', 'journal', 'key']);
  for (const file of ['journal', 'key', 'generations/1.json']) expect((await stat(join(dir, file))).mode & 0o777, file).toBe(0o600);
  const again = await openStore({ disk: openDisk(dir), random: seeded(2), log: quiet });
  expect(again.state).toEqual(store.state);
  expect(await again.loadGeneration('last')).toEqual(generation(1, ['web']));
  await again.close();
});

it('repairs a journal on a real disk', async () => {
  const store = await openStore({ disk: openDisk(dir), random: seeded(1), log: quiet });
  await store.append({ type: 'serial', serial: 1 });
  await store.close();
  await writeFile(join(dir, 'journal'), 'half a rec', { flag: 'a' });
  const again = await openStore({ disk: openDisk(dir), random: seeded(2), log: quiet });
  await again.append({ type: 'serial', serial: 2 });
  await again.close();
  expect([again.notes.length, await readFile(join(dir, 'journal.damaged-1'), 'utf8')]).toEqual([1, 'half a rec']);
  const third = await openStore({ disk: openDisk(dir), random: seeded(3), log: quiet });
  expect([third.state.serial, third.notes]).toEqual([2, []]);
  await third.close();
});

it('rejects with a plain error where a file cannot be written', async () => {
  await mkdir(join(dir, 'journal'));
  await expect(openStore({ disk: openDisk(dir), random: seeded(1), log: quiet })).rejects.toMatchObject({
    code: 'EIO',
    name: 'MusterError',
  });
});

it('replaces a file whole and leaves no temporary one, also when many do it at once', async () => {
  const disk = openDisk(dir);
  await Promise.all(Array.from({ length: 20 }, (_, i) => disk.replace('a/b.json', `${i}`)));
  expect(await disk.list('a')).toEqual(['b.json']);
  expect(await readdir(join(dir, 'a'))).toEqual(['b.json']);
  expect(Buffer.from((await disk.read('a/b.json')) ?? []).toString()).toBe('19');
});

it('reads null, lists nothing and removes in peace where there is nothing', async () => {
  const disk = openDisk(dir);
  expect([await disk.read('none'), await disk.list('none')]).toEqual([null, []]);
  await disk.remove('none');
});

it('makes one key per state dir and keeps it', async () => {
  const key = await loadKey(openDisk(dir));
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(await loadKey(openDisk(dir))).toBe(key);
});

it('makes the state dir with all folders above it, for its owner only', async () => {
  const state = join(dir, 'x', 'y', 'default');
  await prepareStateDir(state);
  expect((await stat(state)).mode & 0o777).toBe(0o700);
  await prepareStateDir(state);
});

it('closes a state dir that others could read', async () => {
  await chmod(dir, 0o755);
  await prepareStateDir(dir);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});

it.each([0o770, 0o702])('refuses a state dir that others could write, mode %o', async (mode) => {
  await chmod(dir, mode);
  await expect(prepareStateDir(dir)).rejects.toMatchObject({ code: 'EACCES', message: expect.stringContaining(mode.toString(8)) });
});

it('refuses a state dir of somebody else, one that is a file and one below a file', async () => {
  await expect(prepareStateDir(dir, (process.getuid?.() ?? 0) + 1)).rejects.toMatchObject({ code: 'EACCES' });
  await writeFile(join(dir, 'file'), '');
  await expect(prepareStateDir(join(dir, 'file'))).rejects.toMatchObject({ code: 'EIO' });
  await expect(prepareStateDir(join(dir, 'file', 'below'))).rejects.toMatchObject({ code: 'EIO' });
});

it('follows a symbolic link to a folder of its owner', async () => {
  await mkdir(join(dir, 'real'), { mode: 0o700 });
  await symlink('real', join(dir, 'link'));
  await prepareStateDir(join(dir, 'link'));
});
