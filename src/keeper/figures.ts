import { readFileSync } from 'node:fs';
import type { CgroupFigures, ProcessFigures } from '../model/metrics.ts';
import { read } from './cgroup/files.ts';
import { readProc } from './proc.ts';

const ticksPerSecond = 100; // what /proc counts in, on every machine that Node runs on
const microseconds = 1e6;

/** Null if it is gone. One read: a thousand processes are looked at in one go. */
export function processFigures(pid: number): ProcessFigures | null {
  const text = readProc(`/proc/${pid}/stat`)?.toString('latin1');
  if (text === undefined) return null;
  // From field 3 on; the second one, the program's name, may hold blanks and parentheses. 14 and 15 are times, 24 is resident pages.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, pages] = [fields[11], fields[12], fields[21]].map(Number) as [number, number, number];
  return { cpuSeconds: (utime + stime) / ticksPerSecond, memoryBytes: pages * pageBytes() };
}

export function cgroupFigures(folder: string): CgroupFigures {
  const cpu = textOf(folder, 'cpu.stat') ?? '';
  return {
    memoryBytes: numberOf(textOf(folder, 'memory.current')),
    cpuSeconds: secondsIn(cpu, 'usage_usec'),
    throttledSeconds: secondsIn(cpu, 'throttled_usec'),
    pids: numberOf(textOf(folder, 'pids.current')),
  };
}

function textOf(folder: string, file: string): string | null {
  try {
    return read(folder, file);
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
