import { execFileSync } from 'node:child_process';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, isAlive, type Place } from '../support/place.ts';

const write = (place: Place, value: string) =>
  place.write('muster.yaml', `version: 1\nmodules:\n  nap: {command: [sleep, "9999"], env: {VALUE: ${value}}}\n`);

async function recording(place: Place): Promise<boolean | undefined> {
  return (await place.status()).conditions.find(({ type }) => type === 'Recording')?.status;
}

test('A daemon that can write to no file, its own log neither, runs on, refuses changes and says so, and recovers', async () => {
  await using place = await createPlace();
  await write(place, 'old');
  await place.up();
  const daemon = await place.pid();
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(daemon), `--fsize=${bytes}:`]);
  const { pid } = await place.module('nap');

  limit('0');
  await write(place, 'new');
  for (let times = 0; times < 3; times += 1) expect(await place.muster('reload')).toMatchObject({ code: 1 });
  expect((await place.muster('hold', 'nap', '--reason', 'full')).code).toBe(1);
  expect((await place.module('nap')).pid).toBe(pid);
  expect(await recording(place)).toBe(false);
  expect(isAlive(daemon)).toBe(true);

  limit('unlimited');
  expect(await place.muster('reload')).toMatchObject({ code: 0 });
  expect((await place.module('nap')).pid).not.toBe(pid);
  expect(await recording(place)).toBe(true);
});

test('A run for whose record there is no room is refused before it touches anything', async () => {
  await using place = await createPlace();
  await write(place, 'old');
  await place.up();
  const { pid } = await place.module('nap');
  const { serial, generation } = await place.status();
  await mkdir(join(place.stateDir, 'room.tmp'));
  await write(place, 'new');
  expect(await place.muster('reload')).toMatchObject({ code: 1, stderr: expect.stringContaining('no room to record a change') });
  expect((await place.module('nap')).pid).toBe(pid);
  expect(await place.status()).toMatchObject({ serial, generation, synced: false });
  expect(await recording(place)).toBe(false);
  await rmdir(join(place.stateDir, 'room.tmp'));
  expect(await recording(place)).toBe(true);
});

test('A change that was made and could not be recorded is not called undone, and the next run records it', async () => {
  await using place = await createPlace();
  await write(place, 'old');
  await place.up();
  const { pid } = await place.module('nap');
  await mkdir(join(place.stateDir, 'generations/2.json.tmp'));
  await write(place, 'new');
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(6);
  expect(result).toMatchObject({ outcome: 'failed', changes: [{ name: 'nap', status: 'ok' }] });
  expect(result.diagnostics.map(({ message }) => message).join()).toContain('made, but not recorded');
  expect((await place.module('nap')).pid).not.toBe(pid);
  await rmdir(join(place.stateDir, 'generations/2.json.tmp'));
  expect((await place.reload()).ran.code).toBe(0);
  expect(await place.status()).toMatchObject({ generation: 2, synced: true, drift: [] });
});
