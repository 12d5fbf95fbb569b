import { canonicalJson } from '../../model/canonical.ts';
import { deferred } from '../../model/deferred.ts';
import type { Driver, Ended, Launch, Launched, LaunchHooks } from '../../model/driver.ts';
import { fromWire, MusterError, messageOf } from '../../model/error.ts';
import { isSuccess, isUnseen } from '../../model/exit-status.ts';
import type { CommandSpec } from '../../model/fields/table.ts';
import type { Child, Keeper } from '../../model/keeper.ts';
import type { Log, Random } from '../../model/ports.ts';
import { exitWords } from '../death.ts';
import { signalProgram } from '../signals.ts';
import { usageOf } from '../usage.ts';
import { type CaptureHeritage, type CapturePorts, createCapture } from './capture.ts';
import { digestOf, keptAs } from './kept.ts';
import { createNoticeReceiver } from './notify/receiver.ts';
import { treeStats } from './tree-stats.ts';
import { createVitals, type VitalsPorts } from './vitals.ts';

/** A program that runs, as one daemon hands it over to the next. */
interface CommandHeritage {
  readonly lease: string;
  /** By which its socket for sd_notify is found. */
  readonly launchedAs: string;
  readonly unwell: boolean;
  readonly capture: CaptureHeritage;
}

export interface CommandDriverOptions extends CapturePorts {
  readonly keeper: Keeper;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  /** What tells this daemon from others. */
  readonly owner: string;
}

/** Runs `command:` modules: one program each, with all that it starts. */
export function createCommandDriver(options: CommandDriverOptions): Driver & { dispose(): Promise<void> } {
  const notices = createNoticeReceiver(options);
  return {
    start: (launch, hooks) => startCommand(launch, hooks, { ...options, notices }),
    inherit: (launch, data, hooks) => startCommand(launch, hooks, { ...options, notices }, data as CommandHeritage),
    dispose: () => notices.dispose(),
  };
}

function startCommand(
  launch: Launch,
  hooks: LaunchHooks,
  options: CommandDriverOptions & VitalsPorts,
  inherited: CommandHeritage | null = null,
): Launched {
  const { keeper } = options;
  let spec = launch.spec as CommandSpec;
  let name = launch.name;
  let child: Child | null = null;
  let exited = false;
  /** It has come so far that another daemon can go on with it. */
  let isSettled = false;
  let asked: 'stop' | 'kill' | 'leave' | null = null;
  const launchedAs = inherited?.launchedAs ?? launch.name;
  const capture = createCapture(name, spec.log, [...spec.command, ...launch.args], options, inherited?.capture);
  const ready = deferred<void>();
  const vitals = createVitals({ ...launch, name: launchedAs }, hooks, options, inherited?.unwell);

  return {
    ready: ready.promise,
    ended: run(),
    pid: () => (exited ? null : (child?.pid ?? null)),
    threadId: () => null,
    containment: () => child?.containment ?? null,
    startedAt: () => child?.startedAt ?? null,
    cgroup: () => (exited ? null : (child?.cgroup ?? null)),
    awaited: vitals.awaited,
    isProven: vitals.isProven,
    reconfigurable: () => false,
    save: async () => null,
    resume() {},
    stop() {
      if (asked !== null) return;
      asked = 'stop';
      vitals.stopping();
      sendStop();
    },
    leave() {
      if (child === null || !isSettled || exited || asked !== null) return null;
      asked = 'leave';
      vitals.end();
      child.keep(keptAs(name, spec, launch.args, options.mask));
      return Promise.resolve(child.leave?.()).then(() => capture.close());
    },
    handOver() {
      asked = 'leave';
      const unwell = vitals.isUnwell();
      vitals.end();
      const data: CommandHeritage = { lease: child?.lease ?? '', launchedAs, unwell, capture: capture.heritage() };
      return { data, left: Promise.resolve(child?.leave?.()).then(() => capture.close()) };
    },
    kill() {
      if (asked === 'leave') return;
      asked = 'kill';
      vitals.stopping();
      isSettled = false;
      void child?.killTree();
    },
    reconfigure: () => Promise.reject(new MusterError('EINVAL', `${name} is a command and takes no config`)),
    async update(next) {
      const { cgroup } = next as CommandSpec;
      if (canonicalJson(cgroup) !== canonicalJson(spec.cgroup)) await child?.limit(cgroup);
      spec = next as CommandSpec;
      keep();
      capture.update(spec.log);
      vitals.update(spec);
    },
    rename(next) {
      name = next;
      keep();
      capture.rename(next);
    },
    signal(signal) {
      if (child === null || exited) throw new MusterError('ENOENT', `${name} has no process`);
      signalProgram(child.pid, signal, name);
    },
    activeAt: capture.activeAt,
    queued: () => 0,
    figures: capture.stats,
    stats: async () => ({ ...capture.stats(), ...(await treeStats(exited ? null : child)) }),
    clearStats: async () => capture.clear(),
    async rusage(who) {
      const usage = child === null || exited ? null : usageOf(child.pid, who);
      if (usage === null) throw new MusterError('ENOENT', `${name} has no process`);
      return usage;
    },
    output: capture.lines,
  };

  async function run(): Promise<Ended> {
    const ended = await runToEnd().catch(notStarted);
    vitals.end();
    await capture.close();
    if (spec.oneshot && isSuccess(ended, spec.exitStatus)) ready.resolve();
    ready.reject(new MusterError('EFAILED', `${name} ${ended.reason}`, { output: capture.lines() }));
    return ended;
  }

  async function runToEnd(): Promise<Ended> {
    child = inherited === null ? await start() : await takeOver(inherited);
    // What was asked for while the lease was being recorded.
    if (asked === 'stop') sendStop();
    else if (asked === 'kill') void child.killTree();
    vitals.launched(child);
    if (child.takenOver && inherited === null) catchUp(child);
    // One that was not ready yet is started again by the next daemon.
    if (spec.oneshot) settled();
    else void vitals.ready.then(becameReady);
    const exit = await child.exited;
    exited = true;
    vitals.end();
    await child.killTree();
    if (exit.failure !== undefined) throw fromWire(exit.failure);
    const reason = exitWords(exit);
    return { code: exit.code, signal: exit.signal, error: isUnseen(exit) ? { message: reason } : null, reason };
  }

  async function start(): Promise<Child> {
    const digest = digestOf(launch);
    const means = await vitals.before(keeper.hasKept?.(name, digest) === true);
    return keeper.spawn({
      lease: launch.lease,
      digest,
      name,
      argv: [...spec.command, ...launch.args],
      arg0: spec.arg0,
      cwd: spec.cwd,
      ...(launch.identity === undefined ? {} : { identity: launch.identity }),
      ...means,
      ...(launch.channel === undefined ? {} : { channel: launch.channel }),
      containment: spec.containment,
      cgroup: spec.cgroup,
      mergeStderr: spec.log.mergeStderr,
      onOutput: taken,
    });
  }

  /** One that cannot be found any more has ended, and nobody saw how. */
  async function takeOver({ lease }: CommandHeritage): Promise<Child> {
    // At once: what nobody has taken by the end of the first run is stopped. It was ready before, so that its notices say nothing new.
    const found = keeper.inherit?.(lease, { onOutput: taken, onNotice() {} }) ?? null;
    if (found === null) throw new MusterError('EHOSTUNREACH', 'it was not there any more when another daemon came');
    child = found;
    await vitals.before(true);
    return found;
  }

  function taken(stream: 'stdout' | 'stderr', chunk: Uint8Array): void | Promise<void> {
    vitals.output(stream, chunk);
    return capture.take(stream, chunk);
  }

  function notStarted(error: unknown): Ended {
    ready.reject(error instanceof MusterError ? error : new MusterError('EFAILED', messageOf(error), { cause: error }));
    return { code: null, signal: null, error: { message: messageOf(error) }, reason: `could not be started: ${messageOf(error)}` };
  }

  /** What is being killed may pass its test once more before it is gone. */
  function becameReady(): void {
    if (asked !== 'kill') ready.resolve();
    settled();
  }

  function settled(): void {
    isSettled = asked === null;
    keep();
  }

  function keep(): void {
    const how = spec.onDaemonDeath === 'kill' ? null : keptAs(name, spec, launch.args, options.mask);
    if (isSettled && !exited) child?.keep(how);
  }

  /** Its limits and files may have changed while no daemon was there. */
  function catchUp(taken: Child): void {
    taken.limit(spec.cgroup).catch((error: unknown) => hooks.status('warn', `runs with the limits it had: ${messageOf(error)}`));
    try {
      if (spec.reloadSignal !== undefined) signalProgram(taken.pid, spec.reloadSignal, name);
    } catch {
      // It has ended meanwhile.
    }
  }

  function sendStop(): void {
    if (child === null || exited) return;
    isSettled = false;
    child.keep(null);
    try {
      child.signal(spec.stopSignal);
    } catch {
      // A signal that this system does not have: the config's check knows names by their form only. It must still stop.
      child.signal('SIGTERM');
    }
  }
}
