import type { Driver, Ended, Launch, Launched } from '../model/driver.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { CommandSpec } from '../model/fields/table.ts';
import type { Child, Keeper } from '../model/keeper.ts';
import type { Clock } from '../model/ports.ts';
import { exitWords } from './death.ts';
import type { LogSettings, LogWriter } from './logs/writer.ts';
import { createTail, type Tail } from './tail.ts';
import { usageOf } from './usage.ts';

export interface CommandDriverOptions {
  readonly keeper: Keeper;
  readonly logs: { open(name: string, settings: LogSettings): LogWriter };
  readonly clock: Clock;
}

/** Runs `command:` modules: one program each, with all that it starts. */
export function createCommandDriver(options: CommandDriverOptions): Driver {
  return { start: (launch) => startCommand(launch, options) };
}

function startCommand(launch: Launch, { keeper, logs, clock }: CommandDriverOptions): Launched {
  let spec = launch.spec as CommandSpec;
  let name = launch.name;
  let child: Child | null = null;
  let exited = false;
  let asked: 'stop' | 'kill' | null = null;
  let activeAt = clock.now();
  let outputBytes = 0;
  const log = logs.open(name, spec.log);
  const tail: Tail = createTail(clock);
  const ready = deferred<void>();
  ready.promise.catch(() => {}); // its owner may have let go of it

  return {
    ready: ready.promise,
    ended: run(),
    pid: () => (exited ? null : (child?.pid ?? null)),
    threadId: () => null,
    containment: () => child?.containment ?? null,
    reconfigurable: () => false,
    save: async () => null,
    resume() {},
    stop() {
      if (asked !== null) return;
      asked = 'stop';
      sendStop();
    },
    kill() {
      asked = 'kill';
      void child?.killTree();
    },
    reconfigure: () => Promise.reject(new MusterError('EINVAL', `${name} is a command and takes no config`)),
    update(next) {
      spec = next as CommandSpec;
      log.update(spec.log);
    },
    rename(next) {
      name = next;
      log.rename(next);
    },
    signal(signal) {
      if (child === null || exited) throw new MusterError('ENOENT', `${name} has no process`);
      child.signal(signal);
    },
    activeAt: () => activeAt,
    queued: () => 0,
    stats: async () => ({ outputBytes }),
    async clearStats() {
      outputBytes = 0;
    },
    async rusage(who) {
      const usage = child === null || exited ? null : usageOf(child.pid, who);
      if (usage === null) throw new MusterError('ENOENT', `${name} has no process`);
      return usage;
    },
    output: () => tail.lines(),
  };

  async function run(): Promise<Ended> {
    const ended = await runToEnd().catch(notStarted);
    await log.close();
    ready.reject(new MusterError('EFAILED', `${name} ${ended.reason}`, { output: tail.lines() }));
    return ended;
  }

  async function runToEnd(): Promise<Ended> {
    child = await keeper.spawn({
      lease: launch.lease,
      name,
      argv: [...spec.command, ...launch.args],
      arg0: spec.arg0,
      cwd: spec.cwd,
      env: launch.env,
      onOutput(stream, chunk) {
        activeAt = clock.now();
        outputBytes += chunk.length;
        tail.push(stream, chunk);
        return log.write(stream, chunk);
      },
    });
    // What was asked for while the lease was being recorded.
    if (asked === 'stop') sendStop();
    else if (asked === 'kill') void child.killTree();
    const alive = clock.after(aliveMs(spec), () => ready.resolve());
    const exit = await child.exited;
    exited = true;
    alive.cancel();
    await child.killTree();
    return { ...exit, error: null, reason: exitWords(exit) };
  }

  function notStarted(error: unknown): Ended {
    ready.reject(error instanceof MusterError ? error : new MusterError('EFAILED', messageOf(error), { cause: error }));
    return { code: null, signal: null, error: { message: messageOf(error) }, reason: `could not be started: ${messageOf(error)}` };
  }

  function sendStop(): void {
    if (child === null || exited) return;
    try {
      child.signal(spec.stopSignal);
    } catch {
      // A signal that this system does not have: the config's check knows names by their form only. It must still stop.
      child.signal('SIGTERM');
    }
  }
}

/** Tests other than `alive` are not built yet; the config refuses them. */
function aliveMs({ ready }: CommandSpec): number {
  return typeof ready.alive === 'number' ? ready.alive : 250;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | null = null;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Omit<Deferred<T>, 'promise'>) };
}
