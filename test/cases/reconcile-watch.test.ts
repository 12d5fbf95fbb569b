import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';

const module = join(import.meta.dirname, 'fixtures/tell-value.mjs');

function config(place: Place, value: string, { watch = 'apply', slow = 0 } = {}): string {
  const env = `{TO: ${join(place.dir, 'told')}, VALUE: ${value}, SLOW: "${slow}"}`;
  return `version: 1\nmodules:\n  web:\n    module: ${module}\n    env: ${env}\npolicy: {watch: ${watch}}\n`;
}

async function told(place: Place): Promise<string[]> {
  return (await readFile(join(place.dir, 'told'), 'utf8')).trim().split('\n');
}

/** As an editor does that writes in place: there is a moment with nothing in the file, and one with half of it. */
async function saveInPlace(place: Place, text: string): Promise<void> {
  const file = await open(join(place.dir, 'muster.yaml'), 'w');
  await pause(5);
  await file.write(text.slice(0, text.length / 2));
  await pause(5);
  await file.write(text.slice(text.length / 2));
  await file.close();
}

async function saveByRename(place: Place, text: string): Promise<void> {
  const path = join(place.dir, 'muster.yaml');
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** 25 saves of each kind, the next as soon as the last is dealt with. */
const saves = Array.from({ length: 50 }, (_, index) => ({ value: `v${index + 1}`, save: index % 2 === 0 ? saveInPlace : saveByRename }));

test('40. With watch: apply each save is applied exactly once, and no half-written one is ever seen', async () => {
  await using place = await createPlace();
  await place.write('muster.yaml', config(place, 'v0'));
  await place.up();
  for (const { value, save } of saves) {
    await save(place, config(place, value));
    await until(async () => (await told(place)).includes(value), `${value} is applied`);
  }
  await until(async () => (await place.status()).generation === saves.length + 1, 'the last save is a generation');
  expect(await told(place)).toEqual(['v0', ...saves.map(({ value }) => value)]);
  const events = (await place.muster('events', '--json')).stdout;
  expect(events).not.toContain('nothing was changed');
  expect(
    (await readFile(join(place.stateDir, 'log/muster.log'), 'utf8')).split('\n').filter((line) => line.includes('"level":40')),
  ).toEqual([]);
  expect((await place.status()).conditions.find(({ type }) => type === 'Ready')?.reason).toBe('running');
});

test('40. With watch: plan each save shows as pending and nothing is applied', async () => {
  await using place = await createPlace();
  await place.write('muster.yaml', config(place, 'v0', { watch: 'plan' }));
  await place.up();
  const before = await place.module('web');
  for (const { value, save } of saves.slice(0, 10)) {
    await save(place, config(place, value, { watch: 'plan' }));
    const { config: read, synced, pending } = await place.status();
    expect({ valid: read.valid, synced, reload: pending.summary?.reload }).toEqual({ valid: true, synced: false, reload: 1 });
  }
  const after = await place.module('web');
  expect([after.threadId, after.startedAt]).toEqual([before.threadId, before.startedAt]);
  expect(await told(place)).toEqual(['v0']);
});

test('41. Fifty SIGHUPs during a run are one more run, with the last content', async () => {
  await using place = await createPlace();
  await place.write('muster.yaml', config(place, 'v0', { watch: 'off' }));
  await place.up();
  const pid = await place.pid();
  await place.write('muster.yaml', config(place, 'v1', { watch: 'off', slow: 2000 }));
  const running = place.reload();
  await until(async () => (await told(place)).includes('v1'), 'the run is under way');
  for (let count = 1; count <= 50; count += 1) {
    await place.write('muster.yaml', config(place, `last${count}`, { watch: 'off' }));
    process.kill(pid, 'SIGHUP');
  }
  const { ran, result } = await running;
  expect(ran.code).toBe(0);
  expect(result.changes.map(({ name, status }) => [name, status])).toEqual([['web', 'ok']]);
  await until(async () => (await told(place)).includes('last50'), 'the last content is loaded');
  // Its answer comes after every run that was asked for before it.
  expect((await place.reload()).result.changes).toEqual([]);
  expect(await told(place)).toEqual(['v0', 'v1', 'last50']);
  const runs = (await readFile(join(place.stateDir, 'log/muster.log'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes('reconcile done'));
  expect(runs).toHaveLength(3);
});
