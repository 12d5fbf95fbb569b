import { type ChildProcess, spawn } from 'node:child_process';
import { MusterError } from '../model/error.ts';
import type { Child, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import type { Channels } from './channels.ts';
import { watchDeath } from './death.ts';
import { pump } from './output.ts';
import { spawnError } from './preflight.ts';
import { leaseVariable, type Scan } from './proc.ts';
import { signalNumber } from './signals.ts';
import { endTree, signalGroup, type Tree } from './tree.ts';

/** A pipe that is still open when the tree is gone is held by a process that escaped; what it writes is of no interest. */
const drainMs = 1000;
/** A process that ends closes its channel a little before; one that lives on without it can be told nothing any more. */
const channelMs = 500;

export interface ChildPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly scan: Scan;
  readonly channels: Channels;
}

/** Executes the program in a session and process group of its own. Rejects with a MusterError if it cannot be executed. */
export async function startChild(spec: SpawnSpec, file: string, { clock, log, scan, channels }: ChildPorts): Promise<Child> {
  const raw = await execute(spec, file);
  const pid = raw.pid as number;
  const death = watchDeath(pid);
  const tree: Tree = { group: pid, lease: spec.lease };
  let killing: Promise<void> | null = null;

  raw.on('error', (error) => log.debug({ name: spec.name, pid, error: error.message }, 'child process'));
  if (spec.onMessage !== undefined) raw.on('message', (message) => spec.onMessage?.(message));
  raw.once('disconnect', death.peek);
  if (spec.ipc === true) {
    channels.watch(raw, (error) => cutOff(`wrote what is no message to its channel: ${error.message}`));
    raw.once('disconnect', () => {
      const late = clock.after(channelMs, () => cutOff('lives on without its channel'));
      raw.once('exit', () => late.cancel());
    });
  }
  const pipes = (['stdout', 'stderr'] as const).flatMap((name) => {
    const stream = raw[name];
    if (stream === null) return [];
    stream.once('end', death.peek);
    return { stream, done: pump(stream, (chunk) => spec.onOutput(name, chunk), log) };
  });
  const exited = new Promise<ProcessExit>((resolve) => {
    raw.once('exit', (code, signal) => {
      // From here on only members that are left keep the number of the group from being given away.
      if (!signalGroup(pid, 0)) tree.group = null;
      resolve(death.exit(code, signal));
    });
  });

  return {
    pid,
    containment: 'processGroup',
    exited,
    signal(name) {
      const number = signalNumber(name);
      if (tree.group !== null) signalGroup(tree.group, number);
    },
    killTree() {
      killing ??= kill();
      return killing;
    },
    send(message, sent = () => {}) {
      if (raw.connected) return raw.send(message as object, () => sent());
      sent();
      return true;
    },
  };

  function cutOff(why: string): void {
    log.error({ name: spec.name, pid, why }, 'a process that cannot be reached any more is killed');
    if (tree.group !== null) signalGroup(tree.group, 9);
  }

  async function kill(): Promise<void> {
    if (tree.group !== null) signalGroup(tree.group, 9);
    await exited;
    await endTree(tree, scan, clock);
    const late = clock.after(drainMs, () => {
      for (const { stream } of pipes) stream.destroy();
    });
    await Promise.all(pipes.map(({ done }) => done));
    late.cancel();
  }
}

/** Node throws some failures and emits others; both end up as a rejection. */
async function execute(spec: SpawnSpec, file: string): Promise<ChildProcess> {
  const [command = file, ...args] = spec.argv;
  try {
    const raw = spawn(file, args, {
      argv0: spec.arg0 ?? command,
      cwd: spec.cwd,
      env: { ...spec.env, [leaseVariable]: spec.lease },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(spec.ipc === true ? (['ipc'] as const) : [])],
      ...(spec.ipc === true ? { serialization: 'advanced' as const } : {}),
    });
    if (raw.pid !== undefined) return raw;
    throw await new Promise((resolve) => raw.once('error', resolve));
  } catch (error) {
    throw error instanceof MusterError ? error : spawnError(error, spec, file);
  }
}
