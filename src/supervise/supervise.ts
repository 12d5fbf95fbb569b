import { randomUUID } from 'node:crypto';
import { systemClock, systemRandom } from '../daemon/world.ts';
import { createInstances, type OwnedInstances } from '../instances/instances.ts';
import { cgroupAccess } from '../keeper/cgroup/access.ts';
import { createCommandDriver } from '../keeper/command/driver.ts';
import { createLogs } from '../keeper/logs/logs.ts';
import type { Containment, ModuleStats } from '../model/documents.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { CommandSpec } from '../model/fields/table.ts';
import type { Target } from '../model/instances.ts';
import type { State } from '../model/module.ts';
import type { Log } from '../model/ports.ts';
import { createAccounts } from '../resolve/accounts.ts';
import { moduleEnvironment } from '../resolve/environment.ts';
import { identityOf } from '../resolve/identity.ts';
import { calledStatus, createCalled } from './calls.ts';
import { borrowKeeper } from './keeper.ts';
import { createLines, type OutputRecord } from './lines.ts';
import { checkOptions, type SuperviseOptions } from './options.ts';

/** How a program ended that is not started again. */
export interface Exit {
  /** Null after a signal, or where it was never started. */
  readonly code: number | null;
  /** `SIGTERM`, `SIGRTMIN+3` … */
  readonly signal: string | null;
  /** It ended otherwise than it should, by its exit status or because restarts were given up. */
  readonly failed: boolean;
  /** In words. */
  readonly reason: string;
}

/** A program under supervision. */
export interface Supervised {
  readonly name: string;
  /** Of the program itself; null between two runs and at the end. */
  readonly pid: number | null;
  /** `R` running, `B` waiting to be started again, `I` starting, `F` stopping, `E` over. */
  readonly state: State;
  /** Restarts so far. */
  readonly restarts: number;
  readonly containment: Containment | null;
  /** Resolves, and never rejects, when it is over for good. */
  readonly exited: Promise<Exit>;
  /** Asks it to stop, and kills what is left after `stopTimeout`; at once with `force`. Resolves when nothing of it is left. Idempotent. */
  stop(options?: { force?: boolean }): Promise<Exit>;
  /** Throws ENOENT where nothing of it runs. */
  kill(signal: string): void;
  /** Line by line, until the program is over. The first to iterate gets what waits, each gets all from then on. */
  readonly output: AsyncIterable<OutputRecord>;
  /** `outputBytes`, `pids` and, with a cgroup, what the kernel counts of it by interface file. */
  statistics(): Promise<ModuleStats>;
  /** Throws ENOTSUP where it has no cgroup, and what the kernel answers. */
  readonly cgroup: {
    readonly path: string | null;
    get(file: string): string;
    /** Returns what the file says then; null where it cannot be read. */
    set(file: string, value: string): string | null;
    /** Its limits as they are, which can stand under `cgroup` in the options of another. */
    settings(): Record<string, unknown>;
  };
  [Symbol.asyncDispose](): Promise<void>;
}

const defaultUnread = 1024 * 1024;

/**
 * Starts a program and looks after it as the daemon does with a `command:` entry: contained with all that it starts, tested,
 * restarted by its policy, and gone when the caller is, however that ends. Resolves when the program runs (a oneshot: has finished);
 * rejects with a MusterError when it did not come to that, and then nothing of it is left.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const { name, spec: given, calls } = checkOptions(options);
  const spec = calls.exitStatus === null ? given : { ...given, exitStatus: calledStatus };
  options.signal?.throwIfAborted();
  const target = await targetOf(name, spec);
  const borrowed = await borrowKeeper(log);
  const called = createCalled(borrowed.keeper, calls);
  const lines = createLines({
    clock: systemClock,
    unread: options.unread ?? defaultUnread,
    onOutput: options.onOutput,
    files: options.logDir === undefined ? null : createLogs({ dir: options.logDir, clock: systemClock, log }),
  });
  const random = { ...systemRandom, id: () => `${borrowed.owner}${randomUUID()}` };
  const driver = createCommandDriver({
    keeper: called.keeper,
    logs: lines,
    clock: systemClock,
    random,
    log,
    // Of its own: several of the same name may run in one program.
    owner: `${borrowed.owner}${randomUUID()}`,
    mask: (text) => text,
    ...(calls.transform === null ? {} : { rewrite: calls.transform }),
  });
  const instances = createInstances({ clock: systemClock, random, log, drivers: { command: called.around(driver) } });
  const over = watchEnd(name, instances);
  const clearUp = async (): Promise<void> => {
    await instances.dispose();
    await driver.dispose();
    lines.end();
    await borrowed.giveBack();
  };

  let stopping: Promise<Exit> | null = null;
  const stop = (force = false): Promise<Exit> => {
    if (stopping !== null && force) void instances.remove(name, { cancel: true });
    stopping ??= instances.remove(name, { cancel: force }).then(() => exited);
    return stopping;
  };
  const exited = over.promise.then(async (end): Promise<Exit> => {
    await clearUp();
    const { code = null, signal = null } = called.lastExit() ?? {};
    return { code, signal, failed: end.failed, reason: called.truly(end.reason) };
  });
  const abort = (): void => void stop();
  options.signal?.addEventListener('abort', abort, { once: true });
  void exited.then(() => options.signal?.removeEventListener('abort', abort));

  try {
    await instances.load(target);
  } catch (error) {
    over.now(messageOf(error));
    await exited;
    if (!(error instanceof MusterError)) throw error;
    const { code, message, hint, output = [] } = error;
    throw new MusterError(code, called.truly(message), { ...(hint === undefined ? {} : { hint }), output, cause: error.cause });
  }
  over.arm();
  return supervisedOf({ name, limits: spec.cgroup, instances, lines, exited, stop });
}

function supervisedOf({
  name,
  limits,
  instances,
  lines,
  exited,
  stop,
}: {
  readonly name: string;
  readonly limits: CommandSpec['cgroup'];
  readonly instances: OwnedInstances;
  readonly lines: ReturnType<typeof createLines>;
  readonly exited: Promise<Exit>;
  stop(force?: boolean): Promise<Exit>;
}): Supervised {
  const view = () => instances.view(name);
  const folder = (): string | null => (instances.get(name)?.state === 'R' ? instances.cgroup(name) : null);
  const running = (): void => {
    if (view()?.pid == null) throw new MusterError('ENOENT', `${name} does not run`);
  };
  const needed = (): string => {
    const path = folder();
    if (path === null)
      throw new MusterError('ENOTSUP', `${name} has no cgroup`, { hint: 'containment: cgroup refuses to run without one.' });
    return path;
  };
  return {
    name,
    get pid() {
      return view()?.pid ?? null;
    },
    get state() {
      return view()?.state ?? 'E';
    },
    get restarts() {
      return view()?.restarts ?? 0;
    },
    get containment() {
      return view()?.containment ?? null;
    },
    exited,
    stop: ({ force = false } = {}) => stop(force),
    kill(signal) {
      running();
      instances.signal(name, signal);
    },
    async statistics() {
      running();
      return instances.stats(name);
    },
    cgroup: {
      get path() {
        return folder();
      },
      get: (file) => cgroupAccess.get(needed(), file),
      set: (file, value) => cgroupAccess.set(needed(), file, value),
      settings: () => cgroupAccess.describe(needed(), limits).settings,
    },
    output: { [Symbol.asyncIterator]: lines.iterate },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function targetOf(name: string, spec: CommandSpec): Promise<Target> {
  const { identity, user } = await identityOf(spec, createAccounts(), { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
  const env = moduleEnvironment(process.env, spec.env, user);
  const desired = { name, kind: 'command', spec, specDigest: '', codeDigest: null, path: spec.command[0] ?? '', source: null } as const;
  const material = { env, config: {}, codeFile: null, ...(identity === null ? {} : { identity }) };
  return { desired, origin: 'manual', generation: 0, material };
}

/** When it is over for good: it ended and nothing starts it again, or it was stopped. */
function watchEnd(name: string, instances: OwnedInstances) {
  let finish: (end: Pick<Exit, 'failed' | 'reason'>) => void = () => {};
  const promise = new Promise<Pick<Exit, 'failed' | 'reason'>>((resolve) => {
    finish = resolve;
  });
  let armed = false;
  instances.on((event) => {
    if (!armed || event.type !== 'state') return;
    if (event.to === 'E') finish({ failed: event.failed, reason: event.reason });
    if (event.to === null) finish({ failed: false, reason: 'stopped' });
  });
  return {
    promise,
    now: (reason: string) => finish({ failed: true, reason }),
    /** It runs, or has done so already and ended meanwhile. */
    arm() {
      armed = true;
      const loaded = instances.get(name);
      if (loaded === undefined) finish({ failed: false, reason: 'stopped' });
      else if (loaded.state === 'E') finish({ failed: loaded.failed, reason: loaded.finished?.why ?? 'ended' });
    },
  };
}

const quiet = (): void => {};
const warn = (fields: object, message: string): void => process.emitWarning(`${message} ${JSON.stringify(fields)}`, 'MusterWarning');
const log: Log = { debug: quiet, info: quiet, warn, error: warn };
