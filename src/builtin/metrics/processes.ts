import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { MetricsDoc, ModuleMetrics } from '../../model/metrics.ts';

export interface ProcessFigures {
  readonly cpuSeconds: number;
  /** Resident. */
  readonly memoryBytes: number;
}

/** What the kernel counts of a cgroup; null: not of this one. */
export interface CgroupFigures {
  readonly memoryBytes: number | null;
  readonly cpuSeconds: number | null;
  /** Held back by `cpuMax`. */
  readonly throttledSeconds: number | null;
  readonly processes: number | null;
}

/** A process in which threads of modules live. */
export interface RunnerFigures extends ProcessFigures {
  readonly pid: number;
  readonly modules: number;
}

/** What the system tells of the processes that the daemon has; by module of those that have one of their own. */
export interface Processes {
  readonly daemon: ProcessFigures | null;
  readonly runners: readonly RunnerFigures[];
  readonly own: ReadonlyMap<string, ProcessFigures>;
  readonly cgroups: ReadonlyMap<string, CgroupFigures>;
}

/** Modules between two turns of the event loop: some 100 us each. */
const sliceSize = 32;

export async function lookAtProcesses({ modules }: Pick<MetricsDoc, 'modules'>, daemonPid: number): Promise<Processes> {
  const own = new Map<string, ProcessFigures>();
  const cgroups = new Map<string, CgroupFigures>();
  const living = new Map<number, number>();
  for (const [index, module] of modules.entries()) {
    if (index % sliceSize === sliceSize - 1) await setImmediate();
    const { name, pid, cgroup } = module;
    if (pid === null) continue;
    if (!hasOwnProcess(module)) living.set(pid, (living.get(pid) ?? 0) + 1);
    const figures = hasOwnProcess(module) ? processFigures(pid) : null;
    if (figures !== null) own.set(name, figures);
    if (cgroup !== null) cgroups.set(name, cgroupFigures(cgroup));
  }
  const runners = [...living].flatMap(([pid, count]) => {
    const figures = processFigures(pid);
    return figures === null ? [] : [{ pid, modules: count, ...figures }];
  });
  return { daemon: processFigures(daemonPid), runners, own, cgroups };
}

function hasOwnProcess({ kind, isolation }: ModuleMetrics): boolean {
  return kind === 'command' || isolation === 'process';
}

const ticksPerSecond = 100; // what /proc counts in, on every machine that Node runs on
const microseconds = 1e6;

/** Null if it is gone. */
function processFigures(pid: number): ProcessFigures | null {
  const text = textOf(`/proc/${pid}/stat`);
  if (text === null) return null;
  // From field 3 on; the second one, the program's name, may hold blanks and parentheses. 14 and 15 are times, 24 is resident pages.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, pages] = [fields[11], fields[12], fields[21]].map(Number) as [number, number, number];
  return { cpuSeconds: (utime + stime) / ticksPerSecond, memoryBytes: pages * pageBytes() };
}

function cgroupFigures(folder: string): CgroupFigures {
  const cpu = textOf(join(folder, 'cpu.stat')) ?? '';
  return {
    memoryBytes: numberOf(textOf(join(folder, 'memory.current'))),
    cpuSeconds: secondsIn(cpu, 'usage_usec'),
    throttledSeconds: secondsIn(cpu, 'throttled_usec'),
    processes: numberOf(textOf(join(folder, 'pids.current'))),
  };
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'latin1').trimEnd();
  } catch {
    return null;
  }
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function secondsIn(stat: string, key: string): number | null {
  const found = new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1];
  return found === undefined ? null : Number(found) / microseconds;
}

let known = 0;

/** The auxiliary vector is pairs of words; the one with number 6 says how large a page is. */
function pageBytes(): number {
  if (known === 0) known = fromAuxiliary() ?? 4096;
  return known;
}

function fromAuxiliary(): number | null {
  try {
    const bytes = readFileSync('/proc/self/auxv');
    const words = new BigUint64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    for (let at = 0; at + 1 < words.length; at += 2) if (words[at] === 6n) return Number(words[at + 1]);
  } catch {
    // Not shown here.
  }
  return null;
}
