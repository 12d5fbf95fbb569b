import { readFileSync } from 'node:fs';
import type { Rusage, RusageOf } from '../model/documents.ts';

/** Ticks of /proc in a second: the kernel shows 100 on every machine that Node runs on, whatever it counts itself. */
const ticksPerSecond = 100;

/**
 * What a process has used: itself, those of its children that have ended and were waited for (their resident set is not told:
 * 0), or its first thread. Null if it is gone.
 */
export function usageOf(pid: number, who: RusageOf): Rusage | null {
  try {
    const stat = readFileSync(who === 'thread' ? `/proc/${pid}/task/${pid}/stat` : `/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name and may hold blanks and parentheses. Fields 14 to 17 are the times.
    const [utime, stime, ofChildren, stimeOfChildren] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map((ticks) => Number(ticks) / ticksPerSecond) as [number, number, number, number];
    if (who === 'children') return { utime: ofChildren, stime: stimeOfChildren, maxrss: 0 };
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return { utime, stime, maxrss: Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) };
  } catch {
    return null;
  }
}
