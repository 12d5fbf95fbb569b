import { leaseOf, type ProcStat, statOf } from '../../proc.ts';

/**
 * Whether a process is of the tree of `leader` (null: not known yet). One that is gone already cannot be told any more: programs such as
 * systemd-notify send and end at once.
 */
export function belongs(pid: number, leader: number | null, lease: string): boolean {
  const stat = statOf(pid);
  if (stat === null || pid === 0) return true;
  if (stat.session === leader || stat.group === leader || leaseOf(stat) === lease) return true;
  for (let at: ProcStat | null = stat; at !== null && at.pid > 1; at = statOf(at.parent)) if (at.pid === leader) return true;
  return false;
}
