import type { Attached, BusPort } from '../model/bus.ts';
import { deferred } from '../model/deferred.ts';
import type { Dismissal, Ended, Fault, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { type ErrorCode, MusterError, messageOf } from '../model/error.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Clock, Timer } from '../model/ports.ts';
import { createCalls } from './calls.ts';
import { type Entrusted, freshInstance, type InstanceHeritage } from './heritage.ts';
import type { Home } from './home.ts';
import { createInstanceOutput } from './instance-output.ts';
import type { LogSink } from './log-sink.ts';
import type { FromModule, ModuleUsage, ToModule } from './protocol.ts';
import type { Admitted, OfInstance } from './running.ts';
import { readCode, toStart } from './start-order.ts';

export interface InstanceOptions {
  /** Its address on the bus. */
  readonly id: number;
  readonly launch: Launch;
  readonly hooks: LaunchHooks;
  readonly home: Home;
  readonly bus: BusPort;
  readonly logs: LogSink;
  readonly clock: Clock;
  readonly inherited?: InstanceHeritage | undefined;
}

/** One module in a runner, as the daemon sees it. */
export interface Instance {
  readonly launched: Launched;
  /** What its runner last read of it. */
  seen(usage: ModuleUsage): void;
}

/** A thread ends at once when it is terminated, unless it blocks in a system call; then only its whole process can be ended. */
const killBoundMs = 2000;
/** How long one without anything to save may take to hear that it takes no more requests. */
const quiesceMs = 1000;

export function startInstance({ id, launch, hooks, home, bus, logs, clock, inherited }: InstanceOptions): Instance {
  const output = createInstanceOutput(launch.name, logs, (bytes) => admitted?.post({ type: 'wrote', id, bytes }), inherited?.output);
  const ready = deferred<void>();
  const ended = deferred<Ended>();
  const calls = createCalls();
  const from = inherited ?? freshInstance(id, clock.now());
  const { startedAt } = from;
  const spec = launch.spec as CodeSpec;
  let { name } = launch;
  let admitted: Admitted | null = null;
  let attached: Attached | null = null;
  let arrive = inherited === undefined ? bus.expect(name) : () => {};
  /** `elsewhere`: its service serves it itself, and nothing of it is known to the runner. */
  let { threadId, reconfigurable, saves, usage, elsewhere } = from;
  let placed = inherited !== undefined;
  let begun = placed && !elsewhere;
  let over = false;
  let stopped = false;
  let killed = false;
  let killBound: Timer | null = null;
  let refused: MusterError | null = null;
  const early: ToModule[] = [];

  function finish(end: Ended, code: ErrorCode, hint?: string): void {
    if (over) return;
    over = true;
    killBound?.cancel();
    if (attached === null) arrive();
    else attached.ended();
    if (end.error?.stack !== undefined) output.push('stderr', Buffer.from(`${end.error.stack}\n`));
    const options = { output: output.tail(), ...(hint === undefined ? {} : { hint }) };
    ready.reject(end.error === null && refused !== null ? refused : new MusterError(code, whyNotReady(name, end), options));
    calls.close(new MusterError('ECANCELED', `"${name}" ended meanwhile: ${end.reason}`));
    // Whoever hears of the end finds all of the output.
    void output.close().finally(() => ended.resolve(end));
  }

  /** With its runner. That may have been ended because of this very module. */
  function gone(reason: string, signal: string | null, fault: Fault | undefined): void {
    finish({ ...failed(reason), signal, ...(fault === undefined || killed ? {} : { fault }) }, 'EFAILED');
  }

  function receive(message: OfInstance): void {
    switch (message.type) {
      case 'started':
        begun = true;
        attached?.begun();
        threadId = message.threadId;
        break;
      case 'output':
        output.push(message.stream, message.chunk);
        break;
      case 'fromModule':
        receiveFromModule(message.message);
        break;
      case 'ended':
        if (!elsewhere) finish(message.ended, message.code, message.hint);
        break;
    }
  }

  /** One that has something to save is waited for by who asked; if another hangs, that is no reason to keep it. */
  function unlessHung(saved: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    if (saves) return saved;
    return new Promise((resolve, reject) => {
      const timer = clock.after(Math.min(quiesceMs, spec.stopTimeout / 2), () => resolve(null));
      saved.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  function receiveFromModule(message: FromModule): void {
    switch (message.type) {
      case 'ready':
        attached?.ready();
        ready.resolve();
        break;
      case 'reconfigurable':
        reconfigurable = true;
        break;
      case 'saves':
        saves = true;
        break;
      case 'finalizing':
        attached?.finalizing();
        hooks.finalizing();
        break;
      case 'status':
        hooks.status(message.level, message.message, message.override);
        break;
      case 'reconfigured':
        calls.answered(message.call, message.thrown, undefined);
        break;
      case 'saved':
        calls.answered(message.call, message.thrown, message.state);
        break;
    }
  }

  function tell(message: ToModule): void {
    if (attached === null) early.push(message);
    else admitted?.post({ type: 'toModule', id, message });
  }

  async function begin(): Promise<void> {
    try {
      const start = toStart(launch);
      const place = await home.place();
      if (over) return;
      placed = true;
      const code = home.runner().readsCode ? {} : { code: await readCode(start.codeFile) };
      const found = await home.runner().admit(id, { receive, gone });
      admitted = found;
      if (killed) throw new MusterError('ECANCELED', 'terminated');
      const { provides, priority, control } = spec;
      attached = bus.attach({ address: id, name, link: found.link, provides, priority, control });
      arrive();
      found.post({ type: 'start', id, place, start: { ...start, ...code, name } });
      for (const message of early.splice(0)) tell(message);
    } catch (error) {
      admitted?.leave();
      if (killed) finish(terminated, 'ECANCELED');
      else finish(failed(messageOf(error)), error instanceof MusterError ? error.code : 'EFAILED', hintOf(error));
      return;
    }
    if (home.load !== undefined) await beLoaded(home.load);
  }

  function goOn(): void {
    ready.resolve();
    if (elsewhere) return;
    try {
      admitted = home.runner().readmit(id, { receive, gone });
      attached = bus.attached(id);
    } catch (error) {
      finish(failed(`its runner ended: ${messageOf(error)}`), 'EFAILED');
    }
  }

  async function beLoaded(load: NonNullable<Home['load']>): Promise<void> {
    try {
      await load();
    } catch (error) {
      refused = error instanceof MusterError ? error : new MusterError('EFAILED', messageOf(error));
      admitted?.post({ type: 'kill', id });
      return;
    }
    if (begun || over) return;
    elsewhere = true;
    attached?.elsewhere();
    admitted?.post({ type: 'kill', id });
    ready.resolve();
  }

  async function beRemoved(remove: NonNullable<Home['remove']>, why: Dismissal): Promise<void> {
    try {
      await remove(name, why);
      if (elsewhere) finish({ code: null, signal: null, error: null, reason: 'stopped' }, 'EFAILED');
    } catch {
      tell({ type: 'stop' }); // the service cannot; after `stopTimeout` it is ended by force
    }
  }

  void home.gone?.then((reason) => {
    if (elsewhere) finish({ ...failed(reason), fault: 'another' }, 'EFAILED');
  });
  if (inherited === undefined) void begin();
  else goOn();

  const launched: Launched = {
    ready: ready.promise,
    ended: ended.promise,
    pid: () => (over ? null : (admitted?.pid ?? null)),
    threadId: () => (home.alone ? null : threadId),
    containment: () => (home.alone ? (admitted?.containment ?? null) : null),
    cgroup: () => (home.alone ? (admitted?.cgroup ?? null) : null),
    reconfigurable: () => reconfigurable,
    // What stands for it elsewhere keeps its own state, and nobody here would answer.
    save: async () => (elsewhere ? null : unlessHung(calls.ask((call) => tell({ type: 'save', call })))),
    resume: () => tell({ type: 'resume' }),
    stop({ replaced = false, why = 'stopped' } = {}) {
      if (stopped) return;
      stopped = true;
      attached?.finalizing();
      if (home.remove !== undefined && (begun || elsewhere)) void beRemoved(home.remove, why);
      else tell({ type: 'stop', replaced });
    },
    startedAt: () => startedAt,
    handOver() {
      over = true;
      const { alone } = home;
      const data: Entrusted = { id, alone, threadId, reconfigurable, saves, elsewhere, startedAt, usage, output: output.tail() };
      return { data, left: output.close() };
    },
    kill() {
      if (over || killed) return;
      killed = true;
      if (elsewhere) return finish(terminated, 'EFAILED');
      // Its service may be long in coming.
      if (!placed) return finish(terminated, 'ECANCELED');
      if (attached === null) return;
      admitted?.post({ type: 'kill', id });
      killBound = clock.after(killBoundMs, () => home.runner().kill(`"${name}" could not be ended otherwise`));
    },
    reconfigure: (config) => calls.ask((call) => tell({ type: 'reconfigure', call, config })),
    async update(next) {
      const { priority, control, cgroup } = next as CodeSpec;
      if (home.alone) await home.runner().limit(cgroup);
      attached?.update({ priority, control });
    },
    rename(next) {
      name = next;
      output.rename(next);
      if (attached === null && !over) {
        arrive();
        arrive = bus.expect(next);
      }
      attached?.rename(next);
      tell({ type: 'rename', name: next });
    },
    signal() {
      throw new MusterError('EINVAL', `"${name}" is a code module; only commands get signals`);
    },
    activeAt: () => Math.max(startedAt, usage.activeAt),
    queued: () => usage.queued,
    figures: () => usage.figures ?? {},
    stats: async () => (await admitted?.questions.stats(id, { clear: false })) ?? {},
    clearStats: async () => void (await admitted?.questions.stats(id, { clear: true })),
    rusage(who) {
      if (admitted === null) return Promise.reject(new MusterError('ENOSYS', `"${name}" has no process yet`));
      return admitted.questions.rusage(id, who);
    },
    output: output.tail,
  };
  return {
    launched,
    seen(next) {
      usage = next;
    },
  };
}

const terminated: Ended = { code: null, signal: null, error: null, reason: 'terminated' };
const failed = (reason: string): Ended => ({ code: null, signal: null, error: { message: reason }, reason });
const hintOf = (error: unknown): string | undefined => (error instanceof MusterError ? error.hint : undefined);

function whyNotReady(name: string, { error, reason }: Ended): string {
  if (error === null) return `"${name}" ended before it was running: ${reason}`;
  return error.message.includes(name) ? error.message : `"${name}" failed to start: ${error.message}`;
}
