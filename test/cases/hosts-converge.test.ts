import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ListDoc, ModuleView } from '../../src/model/documents.ts';
import type { Result } from '../../src/model/plan.ts';
import { createPlace, type Place } from '../support/place.ts';
import { edited, manyHosts, textOf, type World } from '../support/random-hosts.ts';
import { seeded, seedOf } from '../support/seeded.ts';
import { type Talk, talk } from '../support/talk.ts';

/** Sequences of edits, and how many of them go by before there is a fresh start; the whole is MUSTER_SEQUENCES=200 MUSTER_FRESH_EVERY=1. */
const sequences = Number(process.env.MUSTER_SEQUENCES ?? 8);
const freshEvery = Number(process.env.MUSTER_FRESH_EVERY ?? 4);
const seed = seedOf('MUSTER_SEED');

const tells = 'ctx.handle("told", () => ({ args, config: ctx.config, kind }));';
const module = (kind: string, live: string) =>
  `const kind = '${kind}';\nexport async function main(ctx, args) { ${tells} ${live} await ctx.run(); }\n`;
const loads = '  loads: ./loads.mjs';

async function writeModules(place: Place): Promise<void> {
  await place.write('loads.mjs', 'export async function main(ctx) { ctx.hostModules(); await ctx.run(); }\n');
  await place.write('host.mjs', module('host', 'ctx.onReconfigure(() => {});'));
  await place.write('one.mjs', module('one', 'ctx.onReconfigure(() => {});'));
  await place.write('two.mjs', module('two', ''));
}

/** What is of one start of a module or the daemon, or of the way that led here. */
const passing = new Set(['idle', 'since', 'startedAt', 'pid', 'threadId', 'generation', 'lastExit']);

/** The list without times and ids, and what each module says of itself. */
async function live(daemon: Talk): Promise<{ listed: string; told: unknown }> {
  const { modules } = (await daemon.muster('list', {})) as ListDoc;
  const ask = async ({ name }: ModuleView) => [name, await daemon.ask(`${name}.told`)];
  const told = await Promise.all(modules.filter(({ name }) => name !== 'loads').map(ask));
  return { listed: JSON.stringify(modules, (key, value) => (passing.has(key) ? undefined : value), 1), told };
}

test(`whatever is edited in 20 hosts with 200 components, what runs is what the last file says (seed ${seed})`, {
  timeout: 180_000 + sequences * 30_000,
}, async () => {
  const random = seeded(seed);
  await using place = await createPlace();
  await writeModules(place);
  let world: World = manyHosts(random, 20, 200);
  const write = (now: World) => place.write('muster.yaml', textOf(now, loads));
  await write(world);
  await place.up();
  using daemon = await talk(place);
  const reload = async (now: World): Promise<Result> => {
    await write(now);
    const result = (await daemon.muster('reload', {})) as Result;
    expect([result.changes.filter(({ status }) => status !== 'ok'), result.diagnostics]).toEqual([[], []]);
    expect(result.exitCode).toBe(0);
    return result;
  };

  for (let sequence = 0; sequence < sequences; sequence += 1) {
    for (let edits = 1 + Math.floor(random.next() * 3); edits > 0; edits -= 1) {
      const before = world;
      for (let parts = 1 + Math.floor(random.next() * 4); parts > 0; parts -= 1) world = edited(world, random);
      if (random.next() < 0.3) {
        const was = await live(daemon);
        await reload(world);
        await reload(before);
        expect(await live(daemon)).toEqual(was);
      }
      await reload(world);
    }
    const again = await reload(world);
    expect(again.changes).toEqual([]);
    if (sequence % freshEvery === freshEvery - 1) expect(await live(daemon)).toEqual(await freshStart(join(place.dir, 'muster.yaml')));
  }
});

async function freshStart(file: string): Promise<{ listed: string; told: unknown }> {
  await using place = await createPlace();
  const ran = await place.muster('up', '-d', '-c', file);
  expect(ran.code, ran.stderr).toBe(0);
  using daemon = await talk(place);
  return await live(daemon);
}
