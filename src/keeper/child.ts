import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { MusterError, toWire } from '../model/error.ts';
import type { Child, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { contain } from './contain.ts';
import { watchDeath } from './death.ts';
import { type Line, launchFailure, launchLine } from './launcher.ts';
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
}

/** Executes the program in a session and process group of its own. Rejects with a MusterError if it cannot be executed. */
export async function startChild(spec: SpawnSpec, file: string, ports: ChildPorts): Promise<Child> {
  const { clock, log } = ports;
  const stdio = ports.openStdio(spec, ports);
  const { contained, raw, line } = await begin(spec, file, stdio.options, ports).catch(async (error: unknown) => {
    await stdio.drain();
    throw error;
  });
  const pid = raw.pid as number;
  contained.started(pid);
  const death = watchDeath(pid);
  const startedAt = clock.now();
  let killing: Promise<void> | null = null;

  raw.on('error', (error) => log.debug({ name: spec.name, pid, error: error.message }, 'child process'));
  stdio.attach(raw, death.peek);
  const exited = new Promise<ProcessExit>((resolve) => {
    raw.once('exit', (code, signal) => {
      contained.leaderGone();
      const exit = death.exit(code, signal);
      const failure = launchFailure(exit, clock.now() - startedAt, line, spec, file);
      resolve({ ...exit, ...(contained.outOfMemory() ? { oom: true } : {}), ...(failure === null ? {} : { failure: toWire(failure) }) });
    });
  });

  return {
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

  async function kill(): Promise<void> {
    contained.signal(9);
    await exited;
    await contained.end();
    await stdio.drain();
  }
}

/** Nothing is left where it fails. */
async function begin(spec: SpawnSpec, file: string, stdio: Stdio['options'], ports: ChildPorts) {
  const contained = contain(spec, ports);
  let listening: Listening | null = null;
  try {
    if (spec.listen !== undefined) listening = await listenFor(spec.listen);
    letEnd(contained.cgroup, spec);
    const line = launchLine(spec, file, contained.cgroup === null ? null : join(contained.cgroup, 'cgroup.procs'), findTool);
    return { contained, line, raw: await execute(spec, line, contained.cgroup, withSocket(stdio, listening)) };
  } catch (error) {
    await contained.end();
    throw error instanceof MusterError ? error : spawnError(error, spec, file);
  } finally {
    listening?.close();
  }
}

function withSocket(stdio: Stdio['options'], listening: Listening | null): StdioOptions {
  const options: (number | 'ignore' | 'pipe')[] = [...stdio];
  if (listening !== null) options[listeningFd] = listening.fd;
  return options;
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

/** Node throws some failures and emits others; both end up as a rejection. */
async function execute(spec: SpawnSpec, { file, argv0, args }: Line, cgroup: string | null, stdio: StdioOptions): Promise<ChildProcess> {
  // A runner that loses its daemon ends all that is in it.
  const own = spec.listen !== undefined && cgroup !== null ? { [cgroupVariable]: cgroup } : {};
  const raw = spawn(file, args, {
    argv0,
    cwd: spec.cwd,
    env: { ...spec.env, ...own, [leaseVariable]: spec.lease },
    detached: true,
    stdio,
  });
  if (raw.pid !== undefined) return raw;
  throw await new Promise((resolve) => raw.once('error', resolve));
}
