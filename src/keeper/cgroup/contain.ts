import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { CgroupSpec } from '../../model/fields/cgroup.ts';
import type { SpawnSpec } from '../../model/keeper.ts';
import type { Clock } from '../../model/ports.ts';
import { type Containment, type ContainmentPorts, containByGroup } from '../containment.ts';
import { statOf } from '../proc.ts';
import { read, reasonOf } from './files.ts';
import { endCgroup, killCgroup, signalCgroup } from './kill.ts';
import { limitCgroup } from './limit.ts';
import { placeOf } from './place.ts';
import { findRoot, type NoRoot } from './root.ts';
import { isPopulated, makeFolder, removeEmptyAbove, removeTree } from './tree.ts';

/** Cgroups of this process, each with the name of whom it is for. */
const inUse = new Map<string, string>();

/**
 * Makes a cgroup of its own for a program, limits in effect; tells why where none can be made here. Throws what is wrong with
 * its place or its limits, and then leaves nothing.
 */
export function makeCgroup(spec: Pick<SpawnSpec, 'lease' | 'name' | 'cgroup'>): { readonly folder: string } | NoRoot {
  const root = findRoot();
  if (!('folder' in root)) return root;
  const place = join(root.folder, placeOf(spec.cgroup, ownerOf(spec.lease), spec.name));
  const isFixed = spec.cgroup?.path != null && inUse.get(place) !== spec.name;
  try {
    const folder = makeFolder(place, overlapsOne, isFixed);
    limitOrLeave(folder, spec.cgroup);
    return { folder };
  } catch (error) {
    if (error instanceof MusterError) throw error;
    return { problem: `${place} cannot be made: ${reasonOf(error)}`, hint: 'See who else writes there, and cgroup.max.descendants above.' };
  }
}

function limitOrLeave(folder: string, spec: CgroupSpec | undefined): void {
  try {
    limitCgroup(folder, spec);
  } catch (error) {
    letGo(folder);
    throw error;
  }
}

/** By a cgroup that was made; the program is in it, or about to join. */
export function heldByCgroup(
  folder: string,
  { name, lease, cgroup }: Pick<SpawnSpec, 'name' | 'lease' | 'cgroup'>,
  ports: ContainmentPorts,
): Containment {
  const group = containByGroup({ lease }, ports);
  let leader: number | null = null;
  let limits = cgroup;
  inUse.set(folder, name);
  return {
    kind: 'cgroup',
    cgroup: folder,
    started(pid) {
      leader = pid;
      group.started(pid);
    },
    leaderGone: group.leaderGone,
    outOfMemory: () => Number(/^oom_kill (\d+)$/m.exec(read(folder, 'memory.events') ?? '')?.[1] ?? 0) > 0,
    signal(number) {
      if (number === 9) killCgroup(folder);
      group.signal(number);
      if (number !== 9) signalCgroup(folder, number, (pid) => statOf(pid)?.group === leader);
    },
    limit(next) {
      refuseMove(limits, next);
      limitCgroup(folder, next, limits);
      limits = next;
    },
    async end() {
      await endCgroup(folder, ports.clock);
      // What a privileged program of it has moved elsewhere.
      await group.end();
      letGo(folder);
    },
  };
}

/** What cannot be killed (asleep in a dead device) must not keep a daemon from starting. */
const giveUpMs = 10_000;

/**
 * Ends all that is left in the cgroups of a daemon that is dead, by what its leases begin with, but in those to be spared;
 * resolves with the names of the folders that still had a process.
 */
export async function endLeftCgroups(owner: string, spare: ReadonlySet<string>, clock: Clock): Promise<string[]> {
  const root = findRoot();
  const all = cgroupsOf(owner);
  if (!('folder' in root) || all === null) return [];
  const left = foldersIn(all).filter((folder) => !inUse.has(folder) && !spare.has(folder));
  const populated = left.filter(isPopulated);
  await Promise.all(left.map((folder) => endCgroup(folder, clock, giveUpMs)));
  if (left[0] !== undefined) removeEmptyAbove(left[0], root.folder);
  return populated.map((folder) => basename(folder));
}

/** The folder in which the programs of a daemon have their cgroups, by what its leases begin with, but for those whose config names another. */
export function cgroupsOf(owner: string): string | null {
  const root = findRoot();
  return 'folder' in root ? join(root.folder, dirname(placeOf(undefined, ownerOf(owner), 'any'))) : null;
}

/** Of all leases of a daemon the part before the last slash is the same, and no other daemon's. */
function ownerOf(lease: string): string {
  const slash = lease.lastIndexOf('/');
  return slash === -1 ? lease : lease.slice(0, slash);
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
  } catch {
    return [];
  }
}

/** Whether one is in the other: what ends one would end both. */
function overlapsOne(folder: string): boolean {
  return [...inUse.keys()].some((used) => used === folder || used.startsWith(`${folder}/`) || folder.startsWith(`${used}/`));
}

function letGo(folder: string): void {
  removeTree(folder);
  inUse.delete(folder);
  const root = findRoot();
  if ('folder' in root) removeEmptyAbove(folder, root.folder);
}

function refuseMove(before: CgroupSpec | undefined, next: CgroupSpec | undefined): void {
  if (placeOf(before, 'owner', 'name') === placeOf(next, 'owner', 'name')) return;
  throw new MusterError('EINVAL', 'cgroup.base and cgroup.path cannot be changed while the program runs', {
    hint: 'Reload the module by its name: muster reload NAME',
  });
}
