import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, isAlive, json, type Place, until } from '../support/place.ts';

const thread = join(import.meta.dirname, 'fixtures/tell-thread.mjs');
const command = join(import.meta.dirname, 'fixtures/tell-command.mjs');

/** db <- web <- edge, and `lone` beside them; `deaf` hears no SIGTERM. */
async function placeWithAll(): Promise<Place> {
  const place = await createPlace();
  const env = `env: {TO: ${join(place.dir, 'told')}}`;
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  db: {command: [node, ${command}, db, family], ${env}}
  web: {module: ${thread}, ${env}, requires: [db]}
  edge: {command: [node, ${command}, edge], ${env}, requires: [web]}
  lone: {module: ${thread}, ${env}}
  deaf: {command: [sh, -c, "trap '' TERM; while :; do sleep 1; done"], stopTimeout: 300ms}
`,
  );
  await place.up();
  await until(async () => (await told(place)).length === 4, 'all have started');
  return place;
}

async function told(place: Place): Promise<string[]> {
  return (await readFile(join(place.dir, 'told'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
}

async function expectStoppedInOrder(place: Place): Promise<void> {
  expect(await place.processes()).toEqual([]);
  const stops = (await told(place)).slice(4);
  expect(stops.filter((line) => line !== 'stop lone')).toEqual(['stop edge', 'stop web', 'stop db']);
  expect(stops).toHaveLength(4);
}

test('45. down stops everything in reverse order and returns when no process is left', async () => {
  await using place = await placeWithAll();
  const pid = await place.pid();
  const ran = await place.muster('down', '--json');
  expect(isAlive(pid)).toBe(false);
  expect(ran.code).toBe(0);
  await expectStoppedInOrder(place);
  const { stopped, killed } = json(ran) as { stopped: string[]; killed: string[] };
  expect(stopped.toSorted()).toEqual(['db', 'deaf', 'edge', 'lone', 'web']);
  expect(killed).toEqual(['deaf']);
  expect(await place.muster('list')).toMatchObject({ code: 3 });
  expect(await place.muster('down')).toMatchObject({ code: 0, stderr: 'no daemon runs\n' });
});

test('45. On SIGTERM everything stops in reverse order, and no process is left when the daemon is gone', async () => {
  await using place = await placeWithAll();
  const pid = await place.pid();
  process.kill(pid, 'SIGTERM');
  await until(() => !isAlive(pid), 'the daemon is gone');
  await expectStoppedInOrder(place);
});
