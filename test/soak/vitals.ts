import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds, as the system says. */
export interface Vitals {
  readonly pid: number;
  readonly fds: number;
  readonly threads: number;
  readonly rssMb: number;
}

export function vitals(pid: number): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
  return {
    pid,
    fds: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    rssMb: Math.round(kb / 1024),
  };
}
