import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

// What the table "Where a module runs" of the page on modules says, and no other test shows.

const untidy = join(import.meta.dirname, 'fixtures/untidy.mjs');
const entry = (rest: string, policy = 'onFailure'): string =>
  `{module: ${untidy}, stopTimeout: 500ms, restart: {policy: ${policy}, backoff: {initial: 20s, max: 20s}}${rest}}`;

const config = `version: 1
modules:
  thread: ${entry('', 'never')}
  capped: ${entry(', maxHeap: 128M')}
  left: ${entry(', isolation: shared, threadGroup: pair')}
  right: ${entry(', isolation: shared, threadGroup: pair', 'never')}
  process: ${entry(', isolation: process, maxHeap: 128M')}
  second: ${entry(', runner: second')}
`;

const standing = async (place: Place): Promise<Record<string, string>> =>
  Object.fromEntries((await place.list()).map(({ name, state, status }) => [name, state === 'R' ? 'R' : `${state}: ${status.message}`]));

test('what a module leaves behind ends with its thread, with its runner, or not before either', async () => {
  await using place = await createPlace(config);
  await place.up();
  using daemon = await talk(place);
  const left: Record<string, { port: number; child: number }> = {};
  for (const name of ['thread', 'left', 'process']) {
    left[name] = { port: await daemon.ask(`${name}.server`), child: await daemon.ask(`${name}.child`) };
    await daemon.ask(`${name}.direct`);
    expect(await place.muster('remove', name)).toMatchObject({ code: 0 });
  }
  const answers = await Promise.all(
    Object.values(left).map(({ port }) =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (got) => got.text(),
        () => 'none',
      ),
    ),
  );
  expect(answers).toEqual(['none', 'still here', 'none']);
  expect(Object.values(left).map(({ child }) => isAlive(child))).toEqual([true, true, false]);
  const log = join(place.stateDir, 'log/muster.log');
  await until(
    async () => /by thread.*by left.*by process/s.test(await readFile(log, 'utf8')),
    'the log of the daemon has what was written directly',
  );
  expect(await place.muster('down')).toMatchObject({ code: 0 });
  await until(() => Object.values(left).every(({ child }) => !isAlive(child)), 'no child is left');
});

test('who goes down with another is told why, and others notice nothing', async () => {
  await using place = await createPlace(config);
  await place.up();
  using daemon = await talk(place);

  expect(await daemon.refusal('process.array')).toMatchObject({ code: 'EHOSTUNREACH' });
  await until(async () => (await place.module('process')).state === 'B', 'the process waits for its restart');
  expect(await standing(place)).toMatchObject({ capped: 'R', left: 'R', right: 'R', second: 'R', thread: 'R' });

  const hung = daemon.refusal('left.hang');
  expect(await place.muster('remove', 'left')).toMatchObject({ code: 0 });
  expect(await hung).toMatchObject({ code: 'EHOSTUNREACH' });
  const ended = 'its thread was ended because "left" could not be stopped';
  await until(async () => (await standing(place)).right?.startsWith('B') === true, 'right waits for its restart');
  expect(await standing(place)).toMatchObject({ right: expect.stringContaining(ended), capped: 'R', second: 'R', thread: 'R' });

  expect(await daemon.refusal('capped.array')).toMatchObject({ code: 'EHOSTUNREACH' });
  const dead = expect.stringContaining('its runner ended');
  await until(async () => (await standing(place)).thread?.startsWith('B') === true, 'the thread beside waits for its restart');
  expect(await standing(place)).toMatchObject({ capped: dead, thread: dead, second: 'R' });

  expect(await daemon.refusal('second.crash')).toMatchObject({ code: 'EHOSTUNREACH' });
  await until(async () => (await standing(place)).second?.includes('killed by SIGSEGV') === true, 'the crash is told of');
});
