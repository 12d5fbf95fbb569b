import { readFileSync } from 'node:fs';
import type { Rusage, RusageOf } from '../../../model/documents.ts';

/** Of the clock that /proc counts processor time in; the same on every Linux that Node runs on. */
const ticksPerSecond = 100;
const microseconds = 1e6;
const nanoseconds = 1e9;

/** Of this process, of its ended children, or of one of its threads by the system's number. What cannot be had is 0. */
export function rusage(who: RusageOf, tid: number | null): Rusage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  switch (who) {
    case 'self':
      return { utime: userCPUTime / microseconds, stime: systemCPUTime / microseconds, maxrss: maxRSS };
    case 'children':
      return { ...times('/proc/self/stat', 2), maxrss: 0 };
    case 'thread':
      return { ...(tid === null ? { utime: 0, stime: 0 } : times(`/proc/self/task/${tid}/stat`, 0)), maxrss: maxRSS };
  }
}

/** Seconds of one thread of this process; null where that cannot be told. */
export function cpuOfThread(tid: number): number | null {
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'latin1').split(' ', 1)[0]) / nanoseconds;
  } catch {
    return null;
  }
}

/** proc(5): fields 14 and 15 are the own time, 16 and 17 that of ended children. The name before them may hold anything. */
function times(file: string, skip: number): { utime: number; stime: number } {
  try {
    const fields = readFileSync(file, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    const seconds = (at: number): number => Number(fields[at - 3] ?? 0) / ticksPerSecond;
    return { utime: seconds(14 + skip), stime: seconds(15 + skip) };
  } catch {
    return { utime: 0, stime: 0 };
  }
}
