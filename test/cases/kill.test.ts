import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Random } from '../../src/model/ports.ts';
import { createPlace, isAlive, type Place, processesOf, until } from '../support/place.ts';
import { seeded, seedOf } from '../support/seeded.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const module = fixture('marks-itself.mjs');
const rounds = 10;
const longestRunMs = 400; // removals, reloads and loads after each other
const longestStartMs = 500;
const kinds = ['thread', 'command', 'family', 'kept'] as const;

/** What the config declares: name -> kind. A `family` is a command with a child that leaves its process group; one that is `kept` outlives the daemon. */
type Variant = ReadonlyMap<string, (typeof kinds)[number]>;

/** Each in a place of its own, at the same time: most of it is waiting. */
const places = [1, 2, 3, 4, 5];

test.concurrent.each(places)(
  `%i. after ${rounds} kills at any moment each module runs exactly once and nothing old is left`,
  async (number) => {
    const seed = seedOf('MUSTER_SEED') + number;
    const random = seeded(seed);
    await using place = await createPlace();
    const to = join(place.dir, 'marks');
    let variant = await save(place, to, random);
    await place.up();
    expect(await place.muster('load', '--env', `TO=${to}`, '--name', 'guest', module)).toMatchObject({ code: 0 });
    for (let round = 1; round <= rounds; round += 1) {
      const before = variant;
      variant = await save(place, to, random);
      await killInRun(place, random);
      if (random.next() < 0.25) await killInStart(place, random);
      await place.up();
      await expectOnce(place, to, variant).catch((error: Error) => {
        const from = [...before].join(' ');
        throw new Error(`MUSTER_SEED=${seed - number}, round ${round}, from ${from} to ${[...variant].join(' ')}: ${error.message}`);
      });
    }
  },
  300_000,
);

/** A config of some of six modules, each of any kind, required or not by the next, in one of two versions. */
async function save(place: Place, to: string, random: Random): Promise<Variant> {
  const variant = new Map<string, (typeof kinds)[number]>();
  const lines = ['version: 1', 'policy: {watch: off, allowEmpty: true, maxRemovals: 100%}', 'modules:'];
  let last: string | null = null;
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const kind = kinds[Math.floor(random.next() * kinds.length)];
    if (kind === undefined || random.next() < 0.3) continue;
    variant.set(name, kind);
    const entry =
      kind === 'thread'
        ? `module: ${module}`
        : `command: [sh, ${fixture('marks-itself.sh')}, ${kind === 'family' ? `${name}, family` : name}], ready: {alive: 100ms}${kind === 'kept' ? ', onDaemonDeath: keep' : ''}`;
    const requires: string = last !== null && random.next() < 0.3 ? `, requires: [${last}]` : '';
    lines.push(`  ${name}: {${entry}, env: {TO: ${to}, NAME: ${name}, VERSION: v${Math.floor(random.next() * 2)}}${requires}}`);
    last = name;
  }
  if (variant.size === 0) lines[2] = 'modules: {}';
  await place.write('muster.yaml', `${lines.join('\n')}\n`);
  return variant;
}

/** The daemon; before that or after it, or not at all, also the keeper. */
async function killInRun(place: Place, random: Random): Promise<void> {
  const pid = await holder(place);
  process.kill(pid, 'SIGHUP');
  await pause(random.next() * longestRunMs);
  if (random.next() < 0.25) {
    await killKeeper(place);
    await pause(random.next() * longestStartMs);
  }
  process.kill(pid, 'SIGKILL');
  if (random.next() < 0.25) await killKeeper(place);
  await until(() => !isAlive(pid), 'the daemon is gone');
}

async function killKeeper(place: Place): Promise<void> {
  const lines = await Promise.all((await processesOf('MUSTER_LEASE=')).map(async (pid) => [pid, await lineOf(pid)] as const));
  for (const [pid, line] of lines) if (line.includes('keeper.cjs') && line.includes(place.stateDir)) process.kill(pid, 'SIGKILL');
}

const lineOf = (pid: number): Promise<string> => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');

/** Kills the next daemon while it starts; one that has come up meanwhile is killed all the same. */
async function killInStart(place: Place, random: Random): Promise<void> {
  const before = await holder(place);
  const starting = place.muster('up', '-d', '-c', 'muster.yaml');
  await pause(random.next() * longestStartMs);
  await until(async () => (await holder(place)) !== before, 'a daemon has the lock');
  const pid = await holder(place);
  process.kill(pid, 'SIGKILL');
  await starting;
  await until(() => !isAlive(pid), 'the daemon is gone');
}

async function expectOnce(place: Place, to: string, variant: Variant): Promise<void> {
  const names = ['guest', ...variant.keys()].sort();
  expect((await place.list()).map(({ name, state }) => [name, state])).toEqual(names.map((name) => [name, 'R']));
  const count = 1 + [...variant.values()].reduce((sum, kind) => sum + { thread: 0, command: 1, family: 2, kept: 1 }[kind], 0);
  await until(async () => (await place.processes()).length === count, `${count} processes run`);
  const pids = await place.processes();
  for (const { name, pid } of await place.list()) if (pid !== null) expect(pids, name).toContain(pid);
  await until(async () => (await marksOf(to, pids)).length >= names.length, 'all have marked themselves');
  expect(await marksOf(to, pids)).toEqual(names);
}

/** Who marked itself in these processes, once for each time it did. */
async function marksOf(to: string, pids: readonly number[]): Promise<string[]> {
  const marks = (await readFile(to, 'utf8')).split('\n').map((line) => line.split(' '));
  return marks.flatMap(([name = '', pid]) => (pids.includes(Number(pid)) ? [name] : [])).sort();
}

/** The pid in the lock: of the daemon that runs, or of the last one. */
async function holder(place: Place): Promise<number> {
  let text = '';
  const named = async (): Promise<boolean> => {
    text = await readFile(join(place.stateDir, 'lock'), 'utf8');
    return text.endsWith('\n');
  };
  // It is empty for a moment while the next one takes it.
  await until(named, 'the lock names its holder');
  return (JSON.parse(text) as { pid: number }).pid;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
