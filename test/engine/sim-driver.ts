import { isDeepStrictEqual } from 'node:util';
import type { Driver, Ended, Launch, Launched } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';
import type { CodeSpec } from '../../src/model/fields/table.ts';
import type { Lease, LeaseLog } from '../../src/model/keeper.ts';
import type { Clock } from '../../src/model/ports.ts';
import { loaderOf } from '../../src/model/requires.ts';
import { wayOf } from './modules.ts';
import type { Process, World } from './world.ts';

export interface SimDriverOptions {
  readonly world: World;
  readonly leases: Pick<LeaseLog, 'ended'> & { begin(lease: Lease): Promise<unknown> };
  readonly clock: Clock;
  /** Told of each step; the world may stop with it. */
  step(what: string): void;
  isDead(): boolean;
  /** What must never be. */
  problem(text: string): void;
}

/** Starts processes of the world, each under a lease that is in the journal first. */
export function createSimDriver(options: SimDriverOptions): Driver {
  return { start: (launch) => startProcess(launch, options) };
}

function startProcess(launch: Launch, { world, leases, clock, step, isDead, problem }: SimDriverOptions): Launched {
  const spec = launch.spec as CodeSpec;
  const way = wayOf(spec);
  const service = loaderOf(spec);
  let settleReady: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} };
  let settleEnded: (ended: Ended) => void = () => {};
  const ready = new Promise<void>((resolve, reject) => (settleReady = { resolve, reject }));
  const ended = new Promise<Ended>((resolve) => (settleEnded = resolve));
  ready.catch(() => {});
  let process: Process | null = null;
  let cancelled = false;
  if (launch.restored !== null && Buffer.from(launch.restored).toString() !== `state of ${launch.name}`) {
    problem(`${launch.name} got the state of another`);
  }

  function finish(reason: string): void {
    if (isDead()) return;
    const own = process;
    if (own !== null) {
      if (!own.alive) return;
      own.alive = false;
      step(`end ${launch.name}`);
      if (isDead()) return;
      leases.ended(launch.lease);
    }
    settleReady.reject(new MusterError('EFAILED', `${launch.name}: ${reason}`));
    settleEnded({ code: 1, signal: null, error: null, reason });
    // What it has loaded into itself goes with it.
    for (const other of world.alive())
      if (own !== null && other.host === own) other.end({ code: 1, signal: null, error: null, reason: 'its service ended' });
  }

  async function begin(): Promise<void> {
    try {
      await leases.begin({ id: launch.lease, name: launch.name, pid: null, startTime: null, bootId: null });
    } catch (error) {
      settleReady.reject(error);
      settleEnded({ code: null, signal: null, error: null, reason: 'not started' });
      return;
    }
    step(`start ${launch.name}`);
    if (isDead()) return;
    const may = world.asked.has(launch.name) || isDeepStrictEqual(world.superseded.get(launch.name), way);
    const again = !may && isDeepStrictEqual(world.finished.get(launch.name), way);
    if (again) problem(`${launch.name} had finished and runs again`);
    world.finished.delete(launch.name);
    const host = service === null ? null : (world.alive(service).findLast((one) => one.ready) ?? null);
    if (cancelled || (service !== null && host === null)) {
      leases.ended(launch.lease);
      finish(cancelled ? 'cancelled' : `${service} does not answer`);
      return;
    }
    const others = world.alive(launch.name);
    // Two at once only where the same service, or none, has both.
    const mayOverlap = spec.reload.strategy === 'overlap' && others.every((other) => (other.host?.name ?? null) === service);
    if (others.length > (mayOverlap ? 1 : 0)) problem(`${launch.name} is started beside ${others.length}`);
    process = { name: launch.name, way, host, alive: true, ready: false, quiet: false, end: ({ reason }) => finish(reason) };
    world.processes.set(launch.lease, process);
    step(`started ${launch.name}`);
    clock.after(way.readyAfter, becomeReady);
  }

  function becomeReady(): void {
    if (process?.alive !== true) return;
    if (way.fails) {
      finish('failed at start');
      return;
    }
    if (way.oneshot) {
      process.alive = false;
      world.done.set(launch.name, way);
      step(`done ${launch.name}`);
      if (isDead()) return;
      leases.ended(launch.lease);
      settleReady.resolve();
      settleEnded({ code: 0, signal: null, error: null, reason: 'done' });
      return;
    }
    process.ready = true;
    step(`ready ${launch.name}`);
    settleReady.resolve();
  }
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
    async save() {
      step(`save ${launch.name}`);
      if (process !== null) process.quiet = true;
      if (way.saves === 'hangs') return new Promise(() => {});
      if (way.saves === 'refuses') throw new MusterError('EFAILED', 'not now');
      return Buffer.from(`state of ${launch.name}`);
    },
    resume() {
      if (process !== null) process.quiet = false;
    },
    stop: () => end(way.stopAfter),
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
