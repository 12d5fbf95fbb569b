import { readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';

const thread = join(import.meta.dirname, 'fixtures/tell-thread.mjs');
const command = join(import.meta.dirname, 'fixtures/tell-command.mjs');

/** What the modules of the fixtures have told, a line each. */
async function told(place: Place): Promise<string[]> {
  return (await readFile(join(place.dir, 'told'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
}

/** Waits until as many processes of the place live as should, and no more: what was killed takes a moment to be gone. */
async function remain(place: Place, count: number): Promise<number[]> {
  await until(async () => (await place.processes()).length === count, `${count} processes remain`);
  return place.processes();
}

/** How often each name has started since the given line. */
function starts(lines: readonly string[], from: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines.slice(from)) if (line.startsWith('start ')) counts[line.slice(6)] = (counts[line.slice(6)] ?? 0) + 1;
  return counts;
}

test('42. After kill -9 and a new start each module runs exactly once and nothing of the old daemon is left', async () => {
  await using place = await createPlace();
  const env = `env: {TO: ${join(place.dir, 'told')}}`;
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  one: {module: ${thread}, ${env}}
  two: {module: ${thread}, ${env}, requires: [one]}
  web: {command: [node, ${command}, web], ${env}}
  deep: {command: [node, ${command}, deep, family], ${env}, requires: [two]}
`,
  );
  await place.up();
  const load = (name: string, ...rest: string[]) => place.muster('load', '--env', `TO=${join(place.dir, 'told')}`, ...rest, name);
  expect(await load(thread, '--name', 'guest')).toMatchObject({ code: 0 });
  expect(await place.muster('load', '--env', `TO=${join(place.dir, 'told')}`, '--command', 'tool', 'node', command, 'tool')).toMatchObject({
    code: 0,
  });
  const names = ['deep', 'guest', 'one', 'tool', 'two', 'web'];
  await until(async () => (await told(place)).length === names.length, 'all have started');
  // The runner, three commands and the child of one.
  const old = await remain(place, 5);
  const before = await place.list();

  await place.kill();
  await place.up();
  await until(async () => (await told(place)).length === 2 * names.length, 'all have started again');
  const after = await remain(place, 5);
  expect(after.filter((pid) => old.includes(pid))).toEqual([]);
  expect(starts(await told(place), names.length)).toEqual(Object.fromEntries(names.map((name) => [name, 1])));
  const view = (modules: typeof before) => modules.map(({ name, state, origin }) => [name, state, origin]);
  expect(view(await place.list())).toEqual(view(before));
  expect((await place.reload()).result.changes).toEqual([]);
});

test.each(['thread', 'command'])('43. A %s that a reload had stopped when the daemon was killed is loaded once', async (kind) => {
  await using place = await createPlace();
  const gate = join(place.dir, 'gate');
  const env = (more: string) => `env: {TO: ${join(place.dir, 'told')}, ${more}}`;
  const write = (version: string, running: 'now' | 'later') => {
    const web =
      kind === 'thread'
        ? `module: ${thread}, args: [${version}], ${env(`GATE: ${running === 'now' ? '/' : gate}`)}`
        : `command: [node, ${command}, web, family], ${env(`VERSION: ${version}`)}, ready: {alive: ${running === 'now' ? '10ms' : '20s'}}`;
    return place.write('muster.yaml', `version: 1\nmodules:\n  web: {${web}}\n`);
  };
  await write('old', 'now');
  await place.up();
  await until(async () => (await told(place)).length === 1, 'the old one has started');
  await write('new', 'later');
  const reloading = place.muster('reload');
  await until(async () => (await told(place)).length === 3, 'the old one has stopped and the new one starts');
  await place.kill();
  expect((await reloading).code).not.toBe(0);

  await place.write('gate', '');
  if (kind === 'command') await write('new', 'now');
  await place.up();
  await until(async () => (await told(place)).length === 4, 'it has started once more');
  expect(await told(place)).toEqual(['start web', 'stop web', 'start web', 'start web']);
  expect((await place.list()).map(({ name, state }) => [name, state])).toEqual([['web', 'R']]);
  await remain(place, kind === 'thread' ? 1 : 2);
});

test('44. A journal that was cut off in its last record is used up to there, and the rest kept aside', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  web: {command: [sleep, "1000"]}\n');
  await place.up();
  await place.muster('load', '--command', 'tool', 'sleep', '1000');
  await place.kill();
  const journal = join(place.stateDir, 'journal');
  const last = (await readFile(journal, 'utf8')).trimEnd().split('\n').at(-1) ?? '';
  await truncate(journal, (await stat(journal)).size - Math.ceil(last.length / 2));
  const rest = (await readFile(journal, 'utf8')).split('\n').at(-1) ?? '';
  expect(last.startsWith(rest)).toBe(true);

  const { stderr } = await place.up();
  expect(stderr).toContain('the last record of the journal was cut off');
  expect((await place.list()).map(({ name, state }) => [name, state])).toEqual([
    ['tool', 'R'],
    ['web', 'R'],
  ]);
  await remain(place, 2);
  const log = await readFile(join(place.stateDir, 'log/muster.log'), 'utf8');
  expect(log).toContain('cut off');
  const aside = (await readdir(place.stateDir)).filter((name) => name.startsWith('journal.'));
  expect(aside).toHaveLength(1);
  expect(await readFile(join(place.stateDir, aside[0] ?? ''), 'utf8')).toBe(rest);
});

test('44. A journal of which nothing is whole is kept aside, and nothing of the old daemon is left all the same', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  web: {command: [sleep, "1000"]}\n  beat: builtin:heartbeat\n');
  await place.up();
  const old = await place.processes();
  await place.kill();
  const rubbish = 'x'.repeat(1000);
  await place.write('state/journal', rubbish);
  const { stderr } = await place.up();
  expect(stderr).toContain('the rest is in journal.damaged-1');
  expect(await readFile(join(place.stateDir, 'journal.damaged-1'), 'utf8')).toBe(rubbish);
  const left = await remain(place, 2);
  expect(left.filter((pid) => old.includes(pid))).toEqual([]);
  expect((await place.list()).map(({ name, state }) => [name, state])).toEqual([
    ['beat', 'R'],
    ['web', 'R'],
  ]);
});
