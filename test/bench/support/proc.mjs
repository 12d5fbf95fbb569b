import { readdirSync, readFileSync } from 'node:fs';

/** ms of CPU that a process has used, over all of its threads that live, to the nanosecond. */
export function cpuMs(pid) {
  let total = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
  }
  return total / 1e6;
}

/** KiB of resident memory. */
export function rssKb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

export function fdCount(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function threadCount(pid) {
  return readdirSync(`/proc/${pid}/task`).length;
}
