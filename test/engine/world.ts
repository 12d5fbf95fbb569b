import * as z from 'zod/mini';
import type { WantedOutcome } from '../../src/engine/ports.ts';
import type { Driver, Ended, Launch, Launched, LaunchHooks } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';
import { commandFields } from '../../src/model/fields/command.ts';
import type { CommandSpec } from '../../src/model/fields/table.ts';
import type { Lease, LeaseLog } from '../../src/model/keeper.ts';
import type { Desired } from '../../src/model/module.ts';
import { defaultPolicy, type Policy } from '../../src/model/policy.ts';
import type { Clock, Random } from '../../src/model/ports.ts';

/** A module of the simulated config: `version` is what changes, `fails` makes its start fail. */
export interface SimModule {
  version: number;
  requires: string[];
  fails: boolean;
  /** A field that is changed on the running process. */
  live: number;
  readyAfter: number;
  stopAfter: number;
}

export type SimConfig = Record<string, SimModule> | 'broken';

const shapes = Object.fromEntries(Object.entries(commandFields).map(([name, field]) => [name, field.schema]));
const template = z.strictObject(shapes as never).parse({ command: ['sim'], cwd: '/' } as never) as unknown as CommandSpec;

/** The desired form of a simulated module; all of it stands in its spec, as for a real one. */
export function desired(name: string, module: SimModule): Desired {
  const specDigest = JSON.stringify(module);
  const key = `${name} ${specDigest}`;
  const known = made.get(key) ?? make(name, module, specDigest);
  made.set(key, known);
  return known;
}

const made = new Map<string, Desired>();

function make(name: string, module: SimModule, specDigest: string): Desired {
  const { version, fails, readyAfter, stopAfter, requires } = module;
  const spec: CommandSpec = {
    ...template,
    command: ['sim', String(version), fails ? 'fails' : 'runs', String(readyAfter), String(stopAfter)],
    requires: [...requires],
    restart: { ...template.restart, policy: 'never' },
    stopTimeout: 10_000 + module.live,
  };
  return { name, kind: 'command', spec, specDigest, codeDigest: null, path: 'sim', source: { file: '/muster.yaml', line: 1, column: 1 } };
}

export function wantedOf(config: SimConfig, policy: Partial<Policy>): WantedOutcome {
  const place = { file: '/muster.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 };
  if (config === 'broken')
    return { ok: false, diagnostics: [{ ...place, severity: 'error', code: 'yaml', message: 'broken' }], files: ['/muster.yaml'] };
  const modules = new Map(Object.entries(config).map(([name, module]) => [name, desired(name, module)] as const));
  const digest = JSON.stringify([...modules.values()].map((module) => [module.name, module.specDigest]));
  return {
    ok: true,
    wanted: { config: { digest, files: [], policy: { ...defaultPolicy, ...policy }, warnings: [] }, desired: modules },
  };
}

interface Process {
  name: string;
  command: string;
  alive: boolean;
  end(ended: Ended): void;
}

/** The machine: processes outlive the daemon that started them, as real ones do. */
export interface World {
  readonly processes: Map<string, Process>;
  /** Leases that a full disk kept out of the journal: their ids name the daemon, so its sweep knows them all the same. */
  readonly unrecorded: Set<string>;
  alive(name?: string): Process[];
  /** The whole machine goes down. */
  powerCut(): void;
  sweep(leases: Iterable<string>): void;
}

export function createWorld(): World {
  const processes = new Map<string, Process>();
  const unrecorded = new Set<string>();
  return {
    processes,
    unrecorded,
    alive: (name) => [...processes.values()].filter((process) => process.alive && (name === undefined || process.name === name)),
    powerCut: () => {
      for (const process of processes.values()) process.alive = false;
    },
    sweep: (leases) => {
      for (const lease of [...leases, ...unrecorded]) {
        const process = processes.get(lease);
        if (process !== undefined) process.alive = false;
      }
    },
  };
}

/** Starts processes of the world, each under a lease that is in the journal first. `step` may stop the world. */
export function createSimDriver(
  world: World,
  leases: Pick<LeaseLog, 'ended'> & { begin(lease: Lease): Promise<unknown> },
  clock: Clock,
  step: (what: string) => void,
  isDead: () => boolean,
): Driver {
  return { start: (launch, hooks) => startProcess(launch, hooks) };

  function startProcess(launch: Launch, _hooks: LaunchHooks): Launched {
    const [, , outcome, readyAfter, stopAfter] = (launch.spec as CommandSpec).command;
    let settleReady: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} };
    let settleEnded: (ended: Ended) => void = () => {};
    const ready = new Promise<void>((resolve, reject) => (settleReady = { resolve, reject }));
    const ended = new Promise<Ended>((resolve) => (settleEnded = resolve));
    ready.catch(() => {});
    let process: Process | null = null;
    let cancelled = false;

    const finish = (reason: string): void => {
      if (isDead()) return;
      if (process !== null) {
        if (!process.alive) return;
        process.alive = false;
        step(`end ${launch.name}`);
        if (isDead()) return;
        leases.ended(launch.lease);
      }
      settleReady.reject(new MusterError('EFAILED', `${launch.name}: ${reason}`));
      settleEnded({ code: 1, signal: null, error: null, reason });
    };
    const begin = async (): Promise<void> => {
      try {
        await leases.begin({ id: launch.lease, name: launch.name, pid: null, startTime: null, bootId: null });
      } catch (error) {
        settleReady.reject(error);
        settleEnded({ code: null, signal: null, error: null, reason: 'not started' });
        return;
      }
      step(`start ${launch.name}`);
      if (isDead()) return;
      if (cancelled) {
        leases.ended(launch.lease);
        finish('cancelled');
        return;
      }
      process = { name: launch.name, command: (launch.spec as CommandSpec).command.join(' '), alive: true, end: () => finish('ended') };
      world.processes.set(launch.lease, process);
      step(`started ${launch.name}`);
      clock.after(Number(readyAfter), () => {
        if (outcome === 'fails') finish('failed at start');
        else {
          step(`ready ${launch.name}`);
          settleReady.resolve();
        }
      });
    };
    void begin();

    const end = (after: number): void => {
      cancelled = true;
      if (process !== null) clock.after(after, () => finish('stopped'));
    };
    return {
      ready,
      ended,
      pid: () => 1,
      threadId: () => null,
      containment: () => 'processGroup',
      reconfigurable: () => false,
      save: async () => null,
      resume: () => {},
      stop: () => end(Number(stopAfter)),
      kill: () => end(0),
      reconfigure: async () => {},
      update: () => {},
      rename: (name) => {
        if (process !== null) process.name = name;
      },
      signal: () => {},
      activeAt: () => 0,
      queued: () => 0,
      stats: async () => ({}),
      clearStats: async () => {},
      rusage: async () => ({ utime: 0, stime: 0, maxrss: 0 }),
      output: () => [],
    };
  }
}

/** A small seeded generator (mulberry32): the same seed gives the same schedule for ever. */
export function seeded(seed: number): Random & { int(below: number): number; chance(p: number): boolean; pick<T>(list: readonly T[]): T } {
  let state = seed >>> 0;
  let ids = 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    id: () => `${seed}-${++ids}`,
    int: (below) => Math.floor(next() * below),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
  };
}
