import type { Driver, Ended, Launch, Launched, LaunchHooks } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';
import type { Spec } from '../../src/model/fields/table.ts';
import type { Clock } from '../../src/model/ports.ts';
import { loaderOf } from '../../src/model/requires.ts';

/** How one start goes. Without anything it is ready at once, runs for ever, and stops at once when asked. */
export interface Behaviour {
  /** ms until ready; `never`: not at all. */
  readonly readyAfter?: number | 'never';
  /** It ends instead of becoming ready, after `readyAfter`, with this text. */
  readonly failStart?: string;
  /** ms after ready it ends by itself, as `exit` says. */
  readonly exitAfter?: number;
  readonly exit?: Partial<Ended>;
  /** ms between a request to stop and the end; `never`: it ignores it. */
  readonly stopAfter?: number | 'never';
  /** The same for a kill. */
  readonly killAfter?: number | 'never';
  /** It can go on without its daemon. */
  readonly leaves?: boolean;
  readonly reconfigurable?: boolean;
  /** What it saves before a reload, as text; without it null. */
  readonly saves?: string;
  /** It throws this when it is told to save; `hang`: it never answers. */
  readonly refuseSave?: string;
  /** It ends when it is told to save; what waits for the answer hears so first. */
  readonly diesInSave?: boolean;
  /** It throws this when it is given a new config; `hang`: it never answers. */
  readonly refuseConfig?: string;
  readonly output?: readonly string[];
  /** Requests that it has not begun with. */
  readonly queued?: number;
}

/** One start, as tests see it. */
export interface FakeStart extends Launched {
  readonly launch: Launch;
  readonly hooks: LaunchHooks;
  /** What it was told, in order: `save`, `resume`, `stop`, `leave`, `kill`, `reconfigure {...}`, `update`, `rename NAME`, `signal SIG`. */
  readonly told: string[];
  readonly alive: () => boolean;
  name: string;
  /** It ends now, by itself. */
  exit(ended?: Partial<Ended>): void;
}

export interface FakeDriver extends Driver {
  readonly starts: readonly FakeStart[];
  live(): FakeStart[];
  /** The last start under that present name. */
  last(name: string): FakeStart;
}

const exited = (code: number): Ended => ({ code, signal: null, error: null, reason: `exited with code ${code}` });

export function createFakeDriver(clock: Clock, behave: (launch: Launch, nth: number) => Behaviour = () => ({})): FakeDriver {
  const starts: FakeStart[] = [];
  const counts = new Map<string, number>();
  return {
    starts,
    live: () => starts.filter((start) => start.alive()),
    last: (name) => {
      const start = starts.findLast((one) => one.name === name);
      if (start === undefined) throw new Error(`${name} was never started`);
      return start;
    },
    start: (launch, hooks) => {
      const nth = counts.get(launch.name) ?? 0;
      counts.set(launch.name, nth + 1);
      const start = fakeStart(clock, launch, hooks, behave(launch, nth), starts.length + 1);
      // What it is loaded into takes it along when it ends.
      const host = starts.findLast((one) => one.alive() && one.name === loaderOf(launch.spec));
      void host?.ended.then(() => start.exit({ reason: 'its service ended', error: { message: 'its service ended' } }));
      starts.push(start);
      return start;
    },
  };
}

function fakeStart(clock: Clock, launch: Launch, hooks: LaunchHooks, how: Behaviour, pid: number): FakeStart {
  const ready = withResolvers<void>();
  const ended = withResolvers<Ended>();
  const told: string[] = [];
  let alive = true;
  let asked = false;
  let activeAt = clock.now();

  if (how.readyAfter !== 'never') later(how.readyAfter ?? 0, becomeReady);
  ready.promise.catch(() => {});

  const start: FakeStart = {
    launch,
    hooks,
    told,
    name: launch.name,
    alive: () => alive,
    exit: (end) => finish({ ...exited(0), ...reasoned(end) }),
    ready: ready.promise,
    ended: ended.promise,
    pid: () => (alive ? pid : null),
    threadId: () => null,
    containment: () => (alive ? 'processGroup' : null),
    reconfigurable: () => alive && how.reconfigurable === true,
    save: async () => {
      told.push('save');
      if (how.refuseSave === 'hang') return new Promise(() => {});
      if (how.diesInSave === true) {
        later(1, () => finish(exited(1)));
        throw new MusterError('ECANCELED', `${start.name} ended meanwhile`);
      }
      if (how.refuseSave !== undefined) throw new MusterError('EFAILED', how.refuseSave);
      return how.saves === undefined ? null : Buffer.from(how.saves);
    },
    resume: () => void told.push('resume'),
    stop: () => {
      told.push('stop');
      if (asked || how.stopAfter === 'never') return;
      asked = true;
      later(how.stopAfter ?? 0, () => finish({ ...exited(0), code: null, signal: 'SIGTERM', reason: 'killed by SIGTERM' }));
    },
    leave: () => {
      if (how.leaves !== true || asked) return null;
      told.push('leave');
      return Promise.resolve();
    },
    kill: () => {
      told.push('kill');
      if (how.killAfter === 'never') return;
      later(how.killAfter ?? 0, () => finish({ ...exited(0), code: null, signal: 'SIGKILL', reason: 'killed by SIGKILL' }));
    },
    reconfigure: async (config) => {
      told.push(`reconfigure ${JSON.stringify(config)}`);
      if (how.refuseConfig === 'hang') return new Promise(() => {});
      if (how.refuseConfig !== undefined) throw new Error(how.refuseConfig);
    },
    update: (_spec: Spec) => void told.push('update'),
    rename: (name) => {
      told.push(`rename ${name}`);
      start.name = name;
    },
    signal: (signal) => void told.push(`signal ${signal}`),
    activeAt: () => activeAt,
    queued: () => how.queued ?? 0,
    stats: async () => ({ pid, cleared: told.includes('clearStats') }),
    clearStats: async () => void told.push('clearStats'),
    rusage: async (who) => ({ utime: pid, stime: who.length, maxrss: 1 }),
    output: () => [...(how.output ?? [])],
  };
  return start;

  /** Without a delay it happens as soon as it can, but never within the call that asked for it. */
  function later(ms: number, fn: () => void): void {
    if (ms === 0) queueMicrotask(fn);
    else clock.after(ms, fn);
  }

  function becomeReady(): void {
    if (!alive) return;
    activeAt = clock.now();
    if (how.failStart !== undefined) {
      ready.reject(new MusterError('EFAILED', how.failStart));
      finish({ ...exited(1), error: { message: how.failStart } });
      return;
    }
    ready.resolve();
    if (how.exitAfter !== undefined) clock.after(how.exitAfter, () => finish({ ...exited(0), ...reasoned(how.exit) }));
  }

  function finish(end: Ended): void {
    if (!alive) return;
    alive = false;
    ready.reject(new MusterError('EFAILED', `${start.name}: ${end.reason}`));
    ended.resolve(end);
  }
}

function reasoned(end: Partial<Ended> = {}): Partial<Ended> {
  if (end.reason !== undefined) return end;
  if (end.signal != null) return { ...end, code: null, reason: `killed by ${end.signal}` };
  return { ...end, ...(end.code == null ? {} : { reason: `exited with code ${end.code}` }) };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
