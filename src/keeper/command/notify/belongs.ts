import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { leaseOf, type ProcStat, statOf } from '../../proc.ts';

/** One start of a module. */
export interface Tree {
  /** Null: not known yet. */
  readonly leader: number | null;
  readonly lease: string;
  /** Folder of its cgroup; null: none. */
  readonly cgroup: string | null;
}

/**
 * Whether a process is of the module. One that is gone already cannot be told any more: programs such as systemd-notify send
 * and end at once.
 */
export function belongs(pid: number, { leader, lease, cgroup }: Tree): boolean {
  const stat = statOf(pid);
  if (stat === null || pid === 0) return true;
  if (stat.session === leader || stat.group === leader || leaseOf(stat) === lease) return true;
  for (let at: ProcStat | null = stat; at !== null && at.pid > 1; at = statOf(at.parent)) if (at.pid === leader) return true;
  return cgroup !== null && isWithin(pid, cgroup);
}

/** Also in one that the module has made below its own. What the kernel calls a cgroup is how its folder ends. */
function isWithin(pid: number, folder: string): boolean {
  for (let path = cgroupOf(pid); path.lastIndexOf('/') > 0; path = dirname(path)) if (folder.endsWith(path)) return true;
  return false;
}

function cgroupOf(pid: number): string {
  try {
    return /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
