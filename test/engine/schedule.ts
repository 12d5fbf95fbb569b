import { inspect, isDeepStrictEqual } from 'node:util';
import { desiredOf } from '../../src/apply/step.ts';
import { reload } from '../../src/engine/commands.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { load } from '../../src/engine/load.ts';
import { remove } from '../../src/engine/remove.ts';
import { createInstances, type OwnedInstances } from '../../src/instances/instances.ts';
import { MusterError } from '../../src/model/error.ts';
import type { Lease } from '../../src/model/keeper.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import type { OnFailure } from '../../src/model/policy.ts';
import type { Log } from '../../src/model/ports.ts';
import { openStore } from '../../src/store/store.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createMemoryDisk, type MemoryDisk } from '../support/memory-disk.ts';
import { goBackIn, historyProblems, onTrialIn } from './going-back.ts';
import { desired, plain, type SimConfig, type SimModule, wantedOf, wayOf } from './modules.ts';
import { mortal } from './mortal.ts';
import { noPackages } from './no-packages.ts';
import { edited, names, randomConfig } from './random-config.ts';
import { seeded } from './seeded.ts';
import { createSimDriver } from './sim-driver.ts';
import { telling } from './telling.ts';
import { createWorld, type Process } from './world.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const settleMs = 900;
interface Daemon {
  engine: Engine;
  instances: OwnedInstances;
  ready: Promise<unknown>;
  dead: boolean;
}

/** One random life of a daemon: config edits, triggers, commands and crashes; then it is left in peace and must be right. */
export async function runSchedule(seed: number, trace: (line: string) => void = () => {}): Promise<string[]> {
  const random = seeded(seed);
  const clock = createFakeClock();
  const world = createWorld();
  const onFailure = random.pick<OnFailure>(['continue', 'stop', 'rollback']);
  const policy = { onFailure, allowEmpty: true, maxRemovals: '100%', interval: 0, concurrency: 1 + random.int(4) };
  const state = { config: randomConfig(random) as SimConfig, good: {} as Record<string, SimModule> };
  const byHand = new Map<string, 'loaded' | 'removed'>();
  const problems: string[] = [];
  let full = false;
  /** A rollback was acknowledged, and nobody has asked for a run since. */
  let waits = false;
  /** Who asks for one just now, and in which daemon. */
  const asking = new Set<{ on: Daemon }>();
  let untilCrash = Number.POSITIVE_INFINITY;
  let crashed: { disk: MemoryDisk; power: boolean } | null = null;

  const start = async (left: MemoryDisk): Promise<Daemon> => {
    const daemon = { dead: false } as Daemon;
    const step = (what: string): void => {
      if (!daemon.dead) trace(`  ${what}`);
      if (daemon.dead || --untilCrash > 0) return;
      daemon.dead = true;
      const power = random.chance(0.3);
      trace(power ? '  POWER CUT' : '  KILLED');
      crashed = { disk: power ? on.crash(random) : on.kill(), power };
    };
    // On a full disk nothing is written; what stands on it can still be read.
    const fault = (what: string) =>
      full && /^(append|sync|replace)/.test(what) ? { error: Object.assign(new Error('full'), { code: 'ENOSPC' }) } : undefined;
    const on = left.with({ onStep: step, fault });
    const own = mortal(clock, daemon);
    const store = await openStore({ disk: on, random, log: silent });
    world.sweep([...store.state.leases.keys()]);
    const leases = {
      begin: (lease: Lease) => store.append({ type: 'lease', lease }).catch(() => world.unrecorded.add(lease.id)),
      started() {},
      ended: (id: string) => store.appendLater({ type: 'leaseEnded', id }),
    };
    const problem = (text: string): void => {
      if (!daemon.dead) problems.push(text);
    };
    const driver = createSimDriver({ world, leases, clock: own, step, isDead: () => daemon.dead, problem });
    daemon.instances = createInstances({ clock: own, random, drivers: { code: driver }, log: silent });
    const material = async () => ({ env: {}, config: {}, codeFile: null });
    const error = (fields: object, message: string): void => {
      if (!daemon.dead && message.includes('bug')) problems.push(`${message}: ${inspect(fields)}`);
    };
    daemon.engine = createEngine({
      clock: own,
      random,
      log: { ...silent, error },
      store: telling(store, daemon, world, onFailure),
      instances: daemon.instances,
      materials: { material, restore: material },
      planSeal: { seal: (text) => text, open: (sealed) => sealed },
      masked: (data) => data,
      sources: {
        files: [],
        read: async () => wantedOf(state.config, policy),
        byHand: async ({ name }) => desired(name, plain),
        withArgs: async (module) => module,
        afresh: async (record) => desiredOf(record),
        recall: async (record) => desiredOf(record),
        watchCode() {},
        ...noPackages,
        locate: async (target) => ({ name: target, module: target }),
      },
      pruneCode: async () => {},
      host: 'sim',
      env: new Set(),
      defaultConcurrency: 4,
    });
    daemon.ready = daemon.engine
      .restore()
      .then(() => daemon.engine.boot())
      .catch(expected);
    return daemon;
  };

  let daemon = await start(createMemoryDisk());
  const survive = async (calm = false): Promise<void> => {
    for (let lives = 0; crashed !== null && lives < 20; lives += 1) {
      const { disk: left, power } = crashed as { disk: MemoryDisk; power: boolean };
      crashed = null;
      if (power) world.powerCut();
      untilCrash = !calm && random.chance(0.3) ? 1 + random.int(60) : Number.POSITIVE_INFINITY;
      // Without room for its journal a daemon does not start.
      full = false;
      // Opening the store can itself be cut short; the fake disk then never answers, so it is raced with the crash.
      const opening = start(left);
      await clock.advance(0);
      if (crashed === null) {
        daemon = await opening;
        if (waits && daemon.engine.context.ports.store.state.paused === null) problems.push('a rollback is forgotten');
      }
      await clock.advance(random.int(200));
    }
  };

  untilCrash = random.chance(0.7) ? 1 + random.int(120) : Number.POSITIVE_INFINITY;
  await clock.advance(random.int(300));
  for (let event = 0; event < 4 + random.int(6); event += 1) {
    await survive();
    full = random.chance(0.1);
    act(daemon);
    await clock.advance(random.int(80));
    if (untilCrash === Number.POSITIVE_INFINITY && random.chance(0.4)) untilCrash = 1 + random.int(60);
  }
  full = false;
  await survive(true);
  untilCrash = Number.POSITIVE_INFINITY;
  if (state.config === 'broken') state.config = randomConfig(random);
  trace('settle');
  await settle(daemon, clock);
  check(daemon);
  problems.push(...(await historyProblems(daemon.engine)));
  return problems;

  function act(on: Daemon): void {
    const kind = random.int(13);
    trace(`act ${kind}`);
    if (kind < 4) edit(random.chance(0.1) ? 'broken' : edited(state.config, random));
    if (kind < 6) trigger(on, random.pick(['sighup', 'watch']));
    else if (kind === 6) command(on, 'h1', 'loaded', () => loadByHand(on, 'h1'));
    else if (kind === 7) command(on, 'h1', 'removed', () => remove({ names: ['h1'] }, {}, on.engine.context));
    else if (kind === 8) void remove({ names: [asked(...names)], recursive: true }, {}, on.engine.context).catch(expected);
    else if (kind === 9) void reload({ name: asked(random.pick(names)), force: random.chance(0.5) }, {}, on.engine.context).catch(expected);
    else if (kind === 10) goBack(on);
    else if (kind === 11) ask(on, onTrialIn(on.engine, 100 + random.int(300)));
    else crashOne();
  }

  function trigger(on: Daemon, name: string): void {
    if (name === 'sighup') ask(on, on.engine.trigger(name));
    else void on.engine.trigger(name);
  }

  /** Somebody asks for a run, which ends that automatic ones wait. */
  function ask(on: Daemon, run: Promise<void>): void {
    waits = false;
    const one = { on };
    asking.add(one);
    run.catch(expected).finally(() => asking.delete(one));
  }

  /** To any generation that is kept: whoever does not run as it has it runs anew. */
  function goBack(on: Daemon): void {
    asked(...names);
    goBackIn(on.engine, random.pick).then((paused) => {
      if (!on.dead && paused && ![...asking].some((one) => one.on === on)) waits = true;
    }, expected);
  }

  function edit(config: SimConfig): void {
    state.config = config;
    if (config === 'broken') return;
    asked(...names.filter((name) => !(name in config)));
    for (const [name, finished] of world.finished) {
      const module = config[name];
      if (module !== undefined && !isDeepStrictEqual(wayOf(desired(name, module).spec), finished)) world.superseded.set(name, finished);
    }
  }

  /** These may run again from now on, whatever has finished of them: somebody wants it, or has removed them. */
  function asked(...these: string[]): string {
    for (const name of these) world.asked.add(name);
    return random.pick(these.length === 0 ? names : these);
  }

  /** One process ends by itself. A module by hand that did is not lost: it is listed as ended. */
  function crashOne(): void {
    const alive = world.alive();
    const process = alive.length === 0 ? undefined : random.pick(alive);
    if (process?.name === 'h1') byHand.delete('h1');
    process?.end({ code: 1, signal: null, error: null, reason: 'crash' });
  }

  /** What was acknowledged to the caller must hold; what was cut off may have happened or not. */
  function command(on: Daemon, name: string, becomes: 'loaded' | 'removed', run: () => Promise<Plan | Result>): void {
    byHand.delete(name);
    run().then(
      ({ exitCode }) => {
        if (!on.dead && exitCode === 0) byHand.set(name, becomes);
      },
      (error: unknown) => expected(error),
    );
  }

  function check(on: Daemon): void {
    const config = state.config as Record<string, SimModule>;
    for (const [name, module] of Object.entries(config)) {
      const blocked = brokenIn(config, name);
      const alive = world.alive(name);
      if (module.oneshot) {
        const done = world.done.get(name);
        // What was there before it and does not save is not replaced by it.
        if (onFailure !== 'continue' || blocked || alive.some(world.refuses)) continue;
        if (alive.length > 0) problems.push(`${name} still runs`);
        if (!isDeepStrictEqual(done, wayOf(desired(name, module).spec))) problems.push(`${name} was not done as it is now`);
        if (on.instances.get(name)?.finished === undefined) problems.push(`${name} is done and nobody knows it`);
        continue;
      }
      if (alive.length > 1) problems.push(`${name} runs ${alive.length} times`);
      if (onFailure === 'continue' && !blocked) {
        if (alive.length === 0) problems.push(`${name} does not run`);
        else if (!isDeepStrictEqual(alive[0]?.way, wayOf(desired(name, module).spec)) && !world.refuses(alive[0] as Process))
          problems.push(`${name} runs an old version`);
      }
    }
    for (const process of world.alive()) {
      if (process.quiet) problems.push(`${process.name} was told to save, and never to go on`);
      if (process.host?.alive === false) problems.push(`${process.name} outlives its service`);
      if (on.instances.get(process.name) === undefined) problems.push(`${process.name} survives and nobody knows it`);
      if (onFailure === 'continue' && !(process.name in config) && process.name !== 'h1')
        problems.push(`${process.name} survives its removal`);
    }
    if (byHand.get('h1') === 'loaded' && world.alive('h1').length !== 1) problems.push('h1 was loaded by hand and is lost');
    if (byHand.get('h1') === 'removed' && world.alive('h1').length !== 0) problems.push('h1 was removed by hand and is back');
    for (const loaded of on.instances.snapshot().values()) {
      const alive = world.alive(loaded.name).length;
      if (loaded.state === 'R' && alive !== 1) problems.push(`${loaded.name} is shown R and runs ${alive} times`);
      const recorded = on.engine.context.ports.store.state.loaded.get(loaded.name);
      if (recorded?.specDigest !== loaded.specDigest) {
        problems.push(`${loaded.name} is not recorded as it is`);
        trace(JSON.stringify([recorded, loaded, on.engine.context.lastReconcile], null, 1));
      }
    }
  }
}

function brokenIn(config: Record<string, SimModule>, name: string): boolean {
  const module = config[name];
  const { requires, host, fails } = module ?? { requires: [], host: null, fails: true };
  return fails || [...requires, ...(host === null ? [] : [host])].some((other) => brokenIn(config, other));
}

async function settle(daemon: Daemon, clock: FakeClock): Promise<void> {
  await clock.advance(settleMs);
  for (let round = 0; round < 3; round += 1) {
    void daemon.engine.trigger('sighup');
    await clock.advance(settleMs);
  }
}

function loadByHand(on: Daemon, name: string): Promise<Plan | Result> {
  return load({ target: name, name, args: [], cwd: '/', override: true }, {}, on.engine.context);
}

function expected(error: unknown): void {
  if (!(error instanceof MusterError)) throw error;
}
