import { readlinkSync } from 'node:fs';
import type { ProcessExit } from '../model/keeper.ts';
import { isAlive, type ProcStat, statOf } from './proc.ts';
import { realTimeName, signalName } from './signals.ts';

const firstUnnamed = 32;

/** How a zombie has died, by /proc; null where that may be hidden from us. */
export function exitSeen({ pid, exitStatus }: Pick<ProcStat, 'pid' | 'exitStatus'>): ProcessExit | null {
  const number = exitStatus & 0x7f;
  if (number !== 0) return { code: null, signal: signalName(number) };
  return exitStatus === 0 && !isOpen(pid) ? null : { code: exitStatus >> 8, signal: null };
}

/** What Node says of one that died unseen: exit code 0 may be a real-time signal, and counts as nothing that anybody knows. */
export function exitUnseen(code: number | null, signal: string | null): ProcessExit {
  return { code: code === 0 && signal === null ? null : code, signal };
}

/** To see the exit status of another user's process takes what it takes to see its namespaces. */
function isOpen(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/ns/pid`);
    return true;
  } catch {
    return false;
  }
}

/** Finds out how a process died where Node does not say. */
export interface DeathWatch {
  /** To be called when one of its pipes ends. */
  peek(): void;
  /** What Node reported, corrected. */
  exit(code: number | null, signal: string | null): ProcessExit;
  /** Whether exit code 0 is one, and not a real-time signal that nobody saw. */
  isCertain(code: number | null): boolean;
}

/**
 * Node reports a death by a real-time signal as exit code 0 without a signal, the same as success (20 to 26: libuv has no name for
 * it). By then the process is reaped and nobody can be asked. But the kernel notes the exit status before it closes the files of a
 * dying process, and the end of a pipe is handled before its SIGCHLD, so at the end of stdout, stderr or the channel the status
 * can still be read. Not so if another process holds all those pipes open, or the program had closed them itself.
 */
export function watchDeath(pid: number): DeathWatch {
  let number = 0;
  let wasSeen = false;
  return {
    peek() {
      const stat = statOf(pid);
      if (stat === null) return;
      if (stat.exitStatus !== 0) number = stat.exitStatus & 0x7f;
      wasSeen ||= (stat.isDying || !isAlive(stat)) && exitSeen(stat) !== null;
    },
    isCertain: (code) => code !== 0 || wasSeen,
    exit(code, signal) {
      if (code === 0 && signal === null && number >= firstUnnamed) return { code: null, signal: realTimeName(number) };
      return { code: signal === null ? code : null, signal };
    },
  };
}

/** `exited with code 3`, `killed by SIGSEGV`. */
export function exitWords({ code, signal, oom }: ProcessExit): string {
  const how = signal !== null ? `killed by ${signal}` : code === null ? 'ended in a way nobody saw' : `exited with code ${code}`;
  if (oom !== true) return how;
  return signal === 'SIGKILL' ? 'killed because memory ran out (OOM)' : `${how}, after memory ran out and something of it was killed (OOM)`;
}
