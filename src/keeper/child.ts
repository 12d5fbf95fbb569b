import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { MusterError, toWire } from '../model/error.ts';
import type { Child, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { openProgramChannel, type ProgramChannel } from './channel.ts';
import { contain } from './contain.ts';
import { type Execution, type ExecutorFor, ExecutorLost } from './execute.ts';
import { launchFailure, launchLine } from './launcher.ts';
import { type Listening, listenFor, listeningFd } from './listening.ts';
import { spawnError } from './preflight.ts';
import { leaseVariable, type Scan } from './proc.ts';
import { signalNumber } from './signals.ts';
import type { OpenStdio, Stdio } from './stdio.ts';
import { findTool } from './tools.ts';

/** Known to runners (`runners/inside/runner.ts`). */
const cgroupVariable = 'MUSTER_CGROUP';

export interface ChildPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly scan: Scan;
  readonly openStdio: OpenStdio;
  readonly executorFor: ExecutorFor;
}

export interface Started {
  readonly child: Child;
  readonly startTime: string | null;
}

/** Executes the program in a session and process group of its own. Rejects with a MusterError if it cannot be executed. */
export async function startChild(spec: SpawnSpec, file: string, ports: ChildPorts): Promise<Started> {
  const { clock } = ports;
  const stdio = ports.openStdio(spec, ports);
  const { contained, executed, line, channel } = await beginSurely(spec, file, stdio.options, ports).catch(async (error: unknown) => {
    await stdio.drain();
    throw error instanceof MusterError ? error : spawnError(error, spec, file);
  });
  const { pid } = executed;
  contained.started(pid);
  const startedAt = clock.now();
  let killing: Promise<void> | null = null;

  stdio.attach(executed.pipes);
  void executed.reaped.then(contained.leaderGone);
  const exited = executed.exited.then((exit): ProcessExit => {
    const failure = launchFailure(exit, clock.now() - startedAt, line, spec, file);
    return { ...exit, ...(contained.outOfMemory() ? { oom: true } : {}), ...(failure === null ? {} : { failure: toWire(failure) }) };
  });

  const child: Child = {
    pid,
    containment: contained.kind,
    cgroup: contained.cgroup,
    startedAt,
    takenOver: false,
    exited,
    signal: (name) => contained.signal(signalNumber(name)),
    killTree() {
      killing ??= kill();
      return killing;
    },
    limit: async (cgroup) => contained.limit(cgroup),
    keep() {},
  };
  return { child, startTime: executed.startTime };

  async function kill(): Promise<void> {
    contained.signal(9);
    await exited;
    await Promise.all([executed.reaped, contained.end()]);
    channel?.close();
    await stdio.drain();
  }
}

const tries = 3;

/** Once more where who was to execute it is lost: what had begun of it is ended by then. */
async function beginSurely(...args: Parameters<typeof begin>): ReturnType<typeof begin> {
  for (let left = tries; ; left -= 1) {
    try {
      return await begin(...args);
    } catch (error) {
      if (left === 1 || !(error instanceof ExecutorLost)) throw error;
    }
  }
}

/** Nothing is left where it fails. */
async function begin(spec: SpawnSpec, file: string, stdio: Stdio['options'], ports: ChildPorts) {
  const contained = contain(spec, ports);
  let listening: Listening | null = null;
  let channel: ProgramChannel | null = null;
  try {
    if (spec.listen !== undefined) listening = await listenFor(spec.listen);
    if (spec.channel !== undefined) channel = await openProgramChannel(spec.channel);
    letEnd(contained.cgroup, spec);
    const { cgroup } = contained;
    const executor = await ports.executorFor({ sockets: listening !== null || channel !== null });
    const isBornThere = cgroup !== null && executor.mayJoin(cgroup);
    const line = launchLine(spec, file, cgroup === null || isBornThere ? null : join(cgroup, 'cgroup.procs'), findTool);
    const executed = await executor.execute({
      line,
      cwd: spec.cwd,
      env: environmentOf(spec, cgroup),
      stdio: withSockets(stdio, [
        [listeningFd, listening],
        [channelFd(spec), channel],
      ]),
      cgroup: isBornThere ? cgroup : null,
    });
    return { contained, line, executed, channel };
  } catch (error) {
    channel?.close();
    await contained.end();
    throw error;
  } finally {
    listening?.close();
    channel?.begun();
  }
}

function withSockets(
  stdio: Stdio['options'],
  sockets: readonly (readonly [at: number, { readonly fd: number } | null])[],
): Execution['stdio'] {
  const options = [...stdio];
  for (const [at, socket] of sockets) if (socket !== null) options[at] = socket.fd;
  return options;
}

/** The first that is free. */
function channelFd({ noticeFd }: SpawnSpec): number {
  return noticeFd === 3 ? 4 : 3;
}

/** A runner that loses its daemon ends its own cgroup (`runners/inside/runner.ts`), whoever it runs as. */
function letEnd(cgroup: string | null, { listen, identity }: SpawnSpec): void {
  if (cgroup === null || listen === undefined || identity?.uid == null) return;
  try {
    chownSync(join(cgroup, 'cgroup.kill'), identity.uid, identity.gid ?? -1);
  } catch {
    // Before Linux 5.14 there is none; its group is all that it can end then.
  }
}

/** A runner that loses its daemon ends all that is in its cgroup. Node takes a channel up by its descriptor. */
function environmentOf(spec: SpawnSpec, cgroup: string | null): Readonly<Record<string, string>> {
  const { env, lease, listen, channel } = spec;
  const own = listen !== undefined && cgroup !== null ? { [cgroupVariable]: cgroup } : {};
  const node = channel === undefined ? {} : { NODE_CHANNEL_FD: String(channelFd(spec)), NODE_CHANNEL_SERIALIZATION_MODE: 'json' };
  return { ...env, ...own, ...node, [leaseVariable]: lease };
}
