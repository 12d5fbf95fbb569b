import type { Child } from '../../model/keeper.ts';
import { statisticsOf } from '../cgroup/statistics.ts';
import { pidsOf } from '../cgroup/tree.ts';
import { isAlive, scanOnce } from '../proc.ts';

/** Of the program and all that it has started: their pids, and what the kernel counts of its cgroup, if it has one. */
export async function treeStats(child: Child | null): Promise<Record<string, unknown>> {
  if (child === null) return { pids: [] };
  if (child.cgroup !== null) return { pids: pidsOf(child.cgroup), cgroup: statisticsOf(child.cgroup) };
  const group = (await scanOnce(() => false)).filter((seen) => seen.group === child.pid && isAlive(seen));
  return { pids: group.map(({ pid }) => pid) };
}
