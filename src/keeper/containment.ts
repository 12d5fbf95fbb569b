import type { Containment as ContainmentKind } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { CgroupSpec } from '../model/fields/cgroup.ts';
import type { SpawnSpec } from '../model/keeper.ts';
import type { Clock } from '../model/ports.ts';
import { settingsOf } from './cgroup/settings.ts';
import type { Scan } from './proc.ts';
import { endTree, signalGroup, type Tree } from './tree.ts';

/** What holds a program together with all that it starts. Made before the program is executed. */
export interface Containment {
  readonly kind: ContainmentKind;
  /** Folder of the cgroup, which the program joins before it is executed; null: none. */
  readonly cgroup: string | null;
  /** The program runs, leading a process group of its own. */
  started(pid: number): void;
  /** The program itself has ended and was reaped. */
  leaderGone(): void;
  /** Whether the kernel killed something of it because memory ran out. */
  outOfMemory(): boolean;
  /** To all of the tree that can be reached, once to each. */
  signal(number: number): void;
  /** Puts other limits into effect, all or none; throws what is wrong with them. */
  limit(cgroup: CgroupSpec | undefined): void;
  /** Kills what is left, however often it takes; resolves when nothing is. */
  end(): Promise<void>;
}

export interface ContainmentPorts {
  readonly clock: Clock;
  readonly scan: Scan;
}

/** By a process group and the lease in the environment: what leaves the group and scrubs its environment escapes. */
export function containByGroup({ lease }: Pick<SpawnSpec, 'lease'>, { clock, scan }: ContainmentPorts): Containment {
  const tree: Tree = { group: null, lease };
  return {
    kind: 'processGroup',
    cgroup: null,
    started(pid) {
      tree.group = pid;
    },
    leaderGone() {
      // From here on only members that are left keep the number of the group from being given away.
      if (tree.group !== null && !signalGroup(tree.group, 0)) tree.group = null;
    },
    outOfMemory: () => false,
    signal(number) {
      if (tree.group !== null) signalGroup(tree.group, number);
    },
    limit(cgroup) {
      if (hasLimits(cgroup)) throw new MusterError('ENOTSUP', 'limits need a cgroup, and it runs without one');
    },
    async end() {
      await endTree(tree, scan, clock);
    },
  };
}

export function hasLimits(cgroup: CgroupSpec | undefined): boolean {
  return settingsOf(cgroup, 0).length > 0;
}
