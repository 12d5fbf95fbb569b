import type { Lease, LeaseLog } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { endCgroup } from './cgroup/kill.ts';
import { isPopulated } from './cgroup/tree.ts';
import { bootId, isAlive, type Scan, type Seen } from './proc.ts';
import { killUntilGone, signalGroup } from './tree.ts';

/** A process that cannot be killed (asleep in a dead device, another user's) must not keep the daemon from starting. */
const giveUpMs = 10_000;

export interface SweepPorts {
  readonly leases: LeaseLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly scan: Scan;
  /** What the ids of all leases of this daemon begin with: one that is not in the journal is known by it. Null: only what is recorded. */
  readonly owner: string | null;
  /** Leases of what is not to be touched. */
  readonly spared?: ReadonlySet<string>;
  /** Their cgroups: an earlier start of the same module may have had the same one, and its lease may still be in the journal. */
  readonly sparedCgroups?: ReadonlySet<string>;
}

/** Kills what a dead daemon left behind under its leases; returns the names of those that still had a process. */
export async function sweepLeases(all: readonly Lease[], ports: SweepPorts): Promise<string[]> {
  const { leases, clock, log, scan, owner, spared = new Set(), sparedCgroups = new Set() } = ports;
  const left = all.filter(({ id }) => !spared.has(id));
  const boot = bootId();
  const found = new Set<string>(await endCgroups(left, boot, sparedCgroups, clock));
  const stuck = await killUntilGone(
    clock,
    async () => {
      const seen = await scan();
      const owners = ownersOf([...left, ...unrecorded([...left.map(({ id }) => id), ...spared], seen, owner)], seen, boot);
      for (const lease of owners.values()) found.add(lease.name);
      // In one stroke, for one that forks on and on is gone by the time that it is killed by its pid.
      for (const group of groupsOf(owners)) signalGroup(group, 9);
      return [...owners.keys()];
    },
    giveUpMs,
  );
  if (stuck.length > 0) log.error({ pids: stuck.map(({ pid }) => pid) }, 'processes of an earlier daemon cannot be killed');
  for (const lease of left) leases.ended(lease.id);
  return [...found].sort();
}

/** What left its group and scrubbed its environment is still in its cgroup, wherever the config had that. */
async function endCgroups(left: readonly Lease[], boot: string | null, spared: ReadonlySet<string>, clock: Clock): Promise<string[]> {
  const ended = left.map(async ({ name, bootId: then, cgroup }) => {
    if (cgroup === undefined || then !== boot || spared.has(cgroup)) return [];
    const had = isPopulated(cgroup);
    await endCgroup(cgroup, clock, giveUpMs);
    return had ? [name] : [];
  });
  return (await Promise.all(ended)).flat();
}

function unrecorded(known: readonly string[], seen: readonly Seen[], owner: string | null): Lease[] {
  if (owner === null) return [];
  const recorded = new Set(known);
  const ids = new Set(seen.flatMap(({ lease }) => (lease?.startsWith(owner) && !recorded.has(lease) ? [lease] : [])));
  return [...ids].map((id) => ({ id, name: id, pid: null, startTime: null, bootId: null }));
}

/** Which of the processes belong to which lease. Pure. */
export function ownersOf(left: readonly Lease[], seen: readonly Seen[], boot: string | null): Map<Seen, Lease> {
  const byId = new Map(left.map((lease) => [lease.id, lease]));
  const byPid = new Map(left.flatMap((lease) => (lease.pid !== null && lease.bootId === boot ? [[lease.pid, lease] as const] : [])));
  const groups = ownGroups(seen, byId, byPid);
  const owners = new Map<Seen, Lease>();
  for (const process of seen) {
    if (!isAlive(process)) continue;
    const lease = (process.lease === null ? undefined : byId.get(process.lease)) ?? groups.get(process.group);
    if (lease !== undefined) owners.set(process, lease);
  }
  return owners;
}

/** Groups that were made for a lease; others that one of its processes is in may have strangers in them. Pure. */
function groupsOf(owners: ReadonlyMap<Seen, Lease>): Set<number> {
  return new Set([...owners].flatMap(([{ group }, { pid }]) => (group === pid ? [group] : [])));
}

/**
 * A group is ours while its number is: the recorded process itself lives (or waits to be reaped), or, when it is gone, one of
 * the group carries the lease. A number alone may belong to somebody else by now.
 */
function ownGroups(seen: readonly Seen[], byId: ReadonlyMap<string, Lease>, byPid: ReadonlyMap<number, Lease>): Map<number, Lease> {
  const groups = new Map<number, Lease>();
  for (const process of seen) {
    const recorded = byPid.get(process.pid);
    if (recorded !== undefined && recorded.startTime === process.startTime) groups.set(process.pid, recorded);
    const carried = process.lease === null ? undefined : byId.get(process.lease);
    if (carried !== undefined && carried.pid === process.group && byPid.has(process.group)) groups.set(process.group, carried);
  }
  return groups;
}
