import type { StatusLevel } from '../model/documents.ts';
import type { Driver, Ended, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { MusterError, messageOf } from '../model/error.ts';
import { isOneshot } from '../model/oneshot.ts';
import type { Clock, Log, Timer } from '../model/ports.ts';
import type { RunHeritage } from './heritage.ts';
import { lateError, startBoundOf } from './start-bound.ts';
import { Waiters } from './waiters.ts';

/** After a kill the end is a matter of milliseconds; when it takes this long something is wrong with the machine. */
export const killGraceMs = 5000;
/** `ready` settles with `ended`; a driver that forgets it is not waited for longer than this. */
const readyGraceMs = 1000;

/** What the owner of a run is told, each at most once and `gone` last. */
export interface RunOwner {
  running(): void;
  finalizing(): void;
  status(level: StatusLevel, message: string, override?: boolean): void;
  /** It waits for this before its launch, in words; null: no longer. */
  waiting(what: string | null): void;
  /** While it runs: why it is not well; null: it is again. May come often. */
  health(failure: string | null): void;
  /** Killed and still not gone; it goes on being waited for. */
  stuck(): void;
  gone(end: RunEnd): void;
}

export interface RunEnd {
  readonly ended: Ended;
  /** Why it never ran; null if it did. */
  readonly startError: MusterError | null;
  /** When it began, also where an earlier daemon has started it. */
  readonly startedAt: number;
  /** A oneshot has done its work. */
  readonly finished: boolean;
  /** When it began to run (state R); null if it never did. */
  readonly ranSince: number | null;
  /** When it last did something (`Launched.activeAt`). */
  readonly activeAt: number;
  readonly output: readonly string[];
}

type StopRun = Parameters<Launched['stop']>[0];

/** One start of a module, from launch until all of it is gone, with the timers that bound it. */
export interface Run {
  readonly launched: Launched;
  readonly startedAt: number;
  /** Asks it to stop and kills it after `timeoutMs`. Idempotent. `replaced`: another has taken its place. */
  stop(timeoutMs: number, options?: StopRun): void;
  kill(): void;
  /** Leaves it to the next daemon (`Launched.leave`); null: it has to be stopped. */
  leave(): Promise<void> | null;
  /** Whether it can be handed over now: it runs, and nobody has asked for its end. */
  isSteady(): boolean;
  /** Hands it over as it is (`Launched.handOver`); nothing is told of it after that. */
  handOver(): { readonly heritage: RunHeritage; readonly left: Promise<void> };
  /** The same as `stop` for a running one that does not work as it should; its end is a failure and says why. */
  condemn(failure: string, timeoutMs: number): void;
  /** Resolves when it is gone, or was killed and is still not gone. */
  readonly over: Promise<void>;
  /** Released when it is gone. */
  readonly whenGone: Waiters;
  /** Whether force was used. */
  wasKilled(): boolean;
}

export interface RunOptions {
  readonly driver: Driver;
  readonly launch: Launch;
  readonly clock: Clock;
  readonly log: Log;
  readonly owner: RunOwner;
  readonly stopTimeoutMs: () => number;
  /** Another daemon has started it. */
  readonly inherited?: RunHeritage | undefined;
}

export function startRun({ driver, launch, clock, log, owner, stopTimeoutMs, inherited }: RunOptions): Run {
  const launchedAt = inherited?.startedAt ?? clock.now();
  let phase: 'starting' | 'running' | 'stopping' | 'gone' = inherited === undefined ? 'starting' : 'running';
  let startError: MusterError | null = null;
  let ranSince: number | null = inherited?.ranSince ?? null;
  let asked = false;
  let killed = false;
  let settled = false;
  let finished = false;
  let condemned: string | null = null;
  let deadline: { readonly timer: Timer; readonly at: number; readonly fn: () => void } | null = null;
  const whenGone = new Waiters();
  let markOver: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    markOver = resolve;
  });

  if (inherited === undefined) limitStart(false);
  const launched = startSafely(driver, launch, inherited, {
    status: (level, message, override) => {
      if (phase !== 'gone') owner.status(level, message, override);
    },
    finalizing: () => {
      if (phase !== 'running' || killed) return;
      phase = 'stopping';
      limit(stopTimeoutMs(), kill);
      owner.finalizing();
    },
    waiting: (what) => {
      if (phase !== 'starting' || killed) return;
      if (what === null) limitStart(false);
      else unlimit();
      owner.waiting(what);
    },
    launched: () => {
      if (phase === 'starting' && !killed) limitStart(true);
    },
    health: (failure) => {
      if (phase === 'running' && !killed) owner.health(failure);
    },
    extend: (ms) => {
      if (deadline !== null && !killed && clock.now() + ms > deadline.at) limit(ms, deadline.fn);
    },
  });
  launched.ready.then(onReady, onUnready);
  launched.ended.then(onEnded, (error) => onEnded(lost(error)));

  return {
    launched,
    get startedAt() {
      return launched.startedAt?.() ?? launchedAt;
    },
    over,
    whenGone,
    stop,
    kill,
    leave,
    isSteady: () => phase === 'running' && !asked && !killed && launched.handOver !== undefined,
    handOver,
    condemn,
    wasKilled: () => killed,
  };

  function limit(ms: number, fn: () => void): void {
    unlimit();
    deadline = { timer: clock.after(ms, fn), at: clock.now() + ms, fn };
  }

  function limitStart(isLaunched: boolean): void {
    const { ms, field } = startBoundOf(launch.spec, isLaunched);
    if (ms === null) unlimit();
    else limit(ms, () => late(ms, field));
  }

  function unlimit(): void {
    deadline?.timer.cancel();
    deadline = null;
  }

  function late(ms: number, field: string): void {
    startError = lateError(launch, { ms, field }, isOneshot(launch.spec) ? null : (launched.awaited?.() ?? null));
    kill();
  }

  function onReady(): void {
    settled = true;
    if (phase !== 'starting' || killed) return;
    unlimit();
    if (isOneshot(launch.spec)) {
      finished = true;
      phase = 'stopping';
      return;
    }
    phase = 'running';
    ranSince = clock.now();
    owner.running();
  }

  function onUnready(error: unknown): void {
    settled = true;
    if (phase !== 'starting') return;
    startError ??= error instanceof MusterError ? error : new MusterError('EFAILED', messageOf(error), { cause: error });
    kill();
  }

  function stop(timeoutMs: number, options?: StopRun): void {
    if (phase === 'gone' || asked || killed) return;
    asked = true;
    phase = 'stopping';
    launched.stop(options);
    limit(timeoutMs, kill);
  }

  function condemn(failure: string, timeoutMs: number): void {
    if (phase !== 'running') return;
    condemned = failure;
    stop(timeoutMs);
  }

  function leave(): Promise<void> | null {
    const leaving = phase === 'gone' || asked || killed ? null : (launched.leave?.() ?? null);
    if (leaving === null) return null;
    unlimit();
    phase = 'gone';
    return leaving;
  }

  function handOver(): ReturnType<Run['handOver']> {
    const given = launched.handOver?.();
    if (given === undefined || ranSince === null) throw new Error(`${launch.name} cannot be handed over`);
    const startedAt = launched.startedAt?.() ?? launchedAt;
    unlimit();
    phase = 'gone';
    return { heritage: { launch: { ...launch, restored: null }, startedAt, ranSince, data: given.data }, left: given.left };
  }

  function kill(): void {
    if (phase === 'gone' || killed) return;
    killed = true;
    launched.kill();
    limit(killGraceMs, () => {
      log.error({ module: launch.name, lease: launch.lease, pid: launched.pid() }, 'module was killed and is still not gone');
      markOver();
      owner.stuck();
    });
  }

  async function onEnded(ended: Ended): Promise<void> {
    // What `ready` says of a failed start is worth more than how it ended, and it may come a moment later.
    if (phase === 'starting' && !settled) {
      const enough = new Promise<void>((resolve) => limit(readyGraceMs, resolve));
      await Promise.race([launched.ready.catch(() => {}), enough]);
    }
    unlimit();
    const failedStart = ranSince === null && phase === 'starting';
    phase = 'gone';
    const output = launched.output();
    if (failedStart) startError ??= new MusterError('EFAILED', `${launch.name} ended before it ran: ${ended.reason}`);
    const error = startError === null ? null : withOutput(startError, output);
    const said = condemned === null ? ended : { ...ended, error: { message: `stopped for that: ${ended.reason}` }, reason: condemned };
    const startedAt = launched.startedAt?.() ?? launchedAt;
    owner.gone({ ended: said, startedAt, finished, ranSince, output, activeAt: launched.activeAt(), startError: error });
    whenGone.release();
    markOver();
  }
}

function startSafely(driver: Driver, launch: Launch, inherited: RunHeritage | undefined, hooks: LaunchHooks): Launched {
  try {
    if (inherited !== undefined && driver.inherit !== undefined) return driver.inherit(launch, inherited.data, hooks);
    return driver.start(launch, hooks);
  } catch (error) {
    return neverStarted(error);
  }
}

/** Drivers never throw; if one does, it must not take the other modules down. */
function neverStarted(error: unknown): Launched {
  const ready = Promise.reject<void>(error);
  const nothing = () => {};
  return {
    ready,
    ended: Promise.resolve(lost(error)),
    pid: () => null,
    threadId: () => null,
    containment: () => null,
    reconfigurable: () => false,
    save: () => Promise.reject(error),
    resume: nothing,
    stop: nothing,
    kill: nothing,
    reconfigure: () => Promise.reject(error),
    update: nothing,
    rename: nothing,
    signal: nothing,
    activeAt: () => 0,
    queued: () => 0,
    stats: () => Promise.reject(error),
    clearStats: () => Promise.reject(error),
    rusage: () => Promise.reject(error),
    output: () => [],
  };
}

function lost(error: unknown): Ended {
  return { code: null, signal: null, error: { message: messageOf(error) }, reason: messageOf(error) };
}

function withOutput(error: MusterError, output: readonly string[]): MusterError {
  if (error.output !== undefined || output.length === 0) return error;
  const { code, message, hint, exitCode, diagnostics } = error;
  return new MusterError(code, message, {
    cause: error.cause,
    output,
    ...(hint === undefined ? {} : { hint }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(diagnostics === undefined ? {} : { diagnostics }),
  });
}
