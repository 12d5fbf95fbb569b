import { readFileSync } from 'node:fs';
import type { Rusage, RusageOf } from '../../../model/documents.ts';

const microsecond = 1e-6;
/** Of all architectures that Linux runs on, as user space sees them. */
const ticksPerSecond = 100;
/** Where /proc/*\/stat has the times of itself and of its ended children; counted from the field after the name. */
const ownTimes = 11;
const childTimes = 13;

/** What the process that this realm is in, its ended children or this thread has used. */
export function rusageHere(who: RusageOf): Rusage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const self = { utime: userCPUTime * microsecond, stime: systemCPUTime * microsecond, maxrss: maxRSS };
  switch (who) {
    case 'self':
      return self;
    case 'children':
      // Linux tells the memory of ended children only to their parent.
      return { ...timesIn('/proc/self/stat', childTimes), maxrss: 0 };
    case 'thread':
      return { ...timesIn('/proc/thread-self/stat', ownTimes), maxrss: self.maxrss };
  }
}

function timesIn(file: string, at: number): { utime: number; stime: number } {
  const stat = readFileSync(file, 'utf8');
  // The name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { utime: Number(fields[at]) / ticksPerSecond, stime: Number(fields[at + 1]) / ticksPerSecond };
}
