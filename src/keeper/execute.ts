import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ProcessExit } from '../model/keeper.ts';
import { inCgroup, mayEnter } from './cgroup/enter.ts';
import { watchDeath } from './death.ts';
import type { Line } from './launcher.ts';
import { statOf } from './proc.ts';

/** What is executed, and with what. */
export interface Execution {
  readonly line: Line;
  readonly cwd: string;
  /** Complete. */
  readonly env: Readonly<Record<string, string>>;
  /** By descriptor. */
  readonly stdio: readonly (number | 'ignore' | 'pipe')[];
  /** Folder of the cgroup that it is born in; null: that of its parent. */
  readonly cgroup: string | null;
}

/** A process that was executed. */
export interface Executed {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, read before anybody could reap it. */
  readonly startTime: string | null;
  readonly exited: Promise<ProcessExit>;
  /** It is no zombie any more: from here on its number can be another's. */
  readonly reaped: Promise<void>;
  /** Where pipes were asked for, by descriptor. */
  readonly pipes: readonly (Readable | null)[];
}

/** Whoever was to execute it is no more; it may have begun. */
export class ExecutorLost extends Error {}

export interface Executor {
  /** Whether what it executes can be born in that cgroup. */
  mayJoin(cgroup: string): boolean;
  /** Executes a program in a session of its own; rejects with what the system says if that cannot be. */
  execute(execution: Execution): Promise<Executed>;
}

/** Who executes a program; `sockets`: some of its descriptors are some. */
export type ExecutorFor = (needs: { readonly sockets: boolean }) => Promise<Executor>;

/** As a child of this very thread. Node reaps it whenever it likes, so how it died is not always to be found out. */
export const executorHere: Executor = { mayJoin: mayEnter, execute: executeHere };

async function executeHere(execution: Execution): Promise<Executed> {
  const raw = begin(execution);
  // Node throws some failures and emits others; both end up as a rejection.
  if (raw.pid === undefined) throw await new Promise((resolve) => raw.once('error', resolve));
  const { pid } = raw;
  const startTime = statOf(pid)?.startTime ?? null;
  const death = watchDeath(pid);
  const pipes = raw.stdio as (Readable | null)[];
  for (const pipe of pipes) pipe?.once('end', death.peek);
  raw.on('error', () => {}); // such as a signal that could not be sent
  const exited = new Promise<ProcessExit>((resolve) => {
    raw.once('exit', (code, signal) => resolve(death.exit(code, signal)));
  });
  return { pid, startTime, exited, reaped: exited.then(() => {}), pipes };
}

export function begin({ line: { file, argv0, args }, cwd, env, stdio, cgroup }: Execution): ChildProcess {
  const born = (): ChildProcess => spawn(file, args, { argv0, cwd, env, detached: true, stdio: [...stdio] });
  return cgroup === null ? born() : inCgroup(cgroup, born);
}
