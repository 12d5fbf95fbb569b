import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModuleView } from '../../src/model/documents.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { seeded, seedOf } from '../support/seeded.ts';
import { type Talk, talk } from '../support/talk.ts';
import { steadyClient } from './client.ts';
import { createTrouble } from './trouble.ts';
import { type Vitals, vitals } from './vitals.ts';
import { config, everyone } from './world.ts';

/** Of the whole test; 600 by hand. */
const seconds = Number(process.env.SOAK_SECONDS ?? 60);
const seed = seedOf('SOAK_SEED');
/** What starting, coming to rest twice and ending take of it. */
const aroundMs = 22_000;
/** After that much of the load everything has been made that is made once. */
const warmUpShare = 0.35;
/** Between two things that happen. */
const pauseMs = 400;

test('under steady load, reloads, crashes and kills nothing is lost, doubled or left behind', {
  timeout: (seconds + 240) * 1000,
}, async () => {
  await using place = await createPlace();
  const findings = join(place.dir, 'findings');
  await place.write('muster.yaml', config(new Map(), findings));
  await place.up();
  writeFileSync(findings, '');
  using daemon = await talk(place);
  const random = seeded(seed);
  const own: object[] = [];
  const found = (what: object) => void own.push({ seed, by: 'the test', ...what });
  const all = () => [
    ...own,
    ...readFileSync(findings, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  ];
  const trouble = createTrouble({ place, daemon, random, findings, found });
  const loadMs = Math.max(5000, seconds * 1000 - aroundMs);

  async function load(ms: number): Promise<number> {
    await daemon.ask('muster.publish', { topic: 'soak.go' });
    const client = steadyClient(daemon, random, found);
    const end = Date.now() + ms;
    while (Date.now() < end) {
      await trouble.next();
      await new Promise((resolve) => setTimeout(resolve, random.next() * 2 * pauseMs));
    }
    await client.end();
    return client.answered;
  }

  const before = await load(loadMs * warmUpShare);
  const warm = await rest(place, daemon);
  const after = await load(loadMs * (1 - warmUpShare));
  const end = await rest(place, daemon);

  const figures = { seed, answered: before + after, done: Object.fromEntries(trouble.done), warm, end };
  process.stdout.write(`soak: ${JSON.stringify(figures)}\n`);
  expect(all().slice(0, 20)).toEqual([]);
  expect(end.map(({ name }) => name)).toEqual(warm.map(({ name }) => name));
  for (const [index, now] of end.entries()) expect(grown(warm[index] as Held, now), JSON.stringify(figures)).toEqual([]);

  const pids = [...(await place.processes()), await place.pid()];
  expect(await place.muster('down')).toMatchObject({ code: 0 });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await place.processes()).toEqual([]);
});

/** What a process of the place holds. */
interface Held extends Vitals {
  readonly name: string;
}

/** All traffic ends, everything runs, nothing waits; and what then is held. */
async function rest(place: Place, daemon: Talk): Promise<Held[]> {
  let modules: readonly ModuleView[] = [];
  const running = async () => {
    modules = (await daemon.muster('list', {})).modules;
    return modules.length === everyone.length && modules.every(({ state }) => state === 'R');
  };
  await until(running, 'all modules run');
  await daemon.ask('muster.publish', { topic: 'soak.pause' });
  const resting = async (name: string) => {
    const { open, paused } = await daemon.ask<{ open: number; paused: boolean }>(`${name}.open`);
    return paused && open === 0;
  };
  for (const name of everyone) await until(() => resting(name), `${name} waits for nothing`);
  const quiet = async () => (await running()) && modules.every(({ queued }) => queued === 0);
  await until(quiet, 'nothing is queued').catch((error: Error) => {
    const queued = modules.filter((module) => module.queued !== 0).map((module) => `${module.name}: ${module.queued}`);
    throw new Error(`${error.message}; seed ${seed}, queued: ${queued.join(', ')}`);
  });
  const daemonPid = await place.pid();
  const holders = new Map([[daemonPid, 'daemon']]);
  for (const { name, pid } of modules) if (pid !== null && !holders.has(pid)) holders.set(pid, `runner of ${name}`);
  return [...holders].map(([pid, name]) => ({ name, ...vitals(pid) }));
}

/** Beyond what comes and goes: spare threads, pages that the allocator keeps. */
function grown(warm: Held, end: Held): string[] {
  const bounds = { fds: 16, threads: 8, rssMb: 40 + warm.rssMb * 0.35 };
  return (Object.keys(bounds) as (keyof typeof bounds)[])
    .filter((key) => end[key] > warm[key] + bounds[key])
    .map((key) => `${end.name}: ${key} ${warm[key]} -> ${end[key]}`);
}
