import { constants, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { may } from '../may.ts';
import { folderOf, mountOf } from './mount.ts';

/** The folder below which this daemon may make cgroups. */
export interface Root {
  readonly folder: string;
  /** It was handed over by the service manager, and what is in it belongs to the daemon. */
  readonly delegated: boolean;
}

export interface NoRoot {
  readonly problem: string;
  readonly hint: string;
}

/** What the choice depends on. */
export interface Surroundings {
  readonly mountinfo: string;
  /** /proc/self/cgroup */
  readonly own: string;
  readonly uid: number;
  /** Whether folders can be made in this one, and processes be moved into them. */
  writable(folder: string): boolean;
}

/** Where the daemon itself goes before controllers are enabled beside it: no process may be in a cgroup that has them enabled. */
export const leaf = 'muster-daemon';

const hint = 'Run muster as root, or as a service with Delegate=yes (muster init systemd).';

/** Below the daemon's own cgroup where that was delegated to it, else below the mount. */
export function chooseRoot({ mountinfo, own, uid, writable }: Surroundings): Root | NoRoot {
  const mount = mountOf(mountinfo);
  if (mount === null) {
    return {
      problem: 'no cgroup v2 is mounted',
      hint: 'mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1',
    };
  }
  const folder = folderOf(mount, own);
  const home = folder === null ? null : homeOf(folder);
  // Root could write anywhere, but only what a service manager handed over is left alone by it.
  if (home !== null && home !== mount.point && (uid !== 0 || home.endsWith('.service')) && writable(home)) {
    return { folder: home, delegated: home.endsWith('.service') };
  }
  if (writable(mount.point)) return { folder: mount.point, delegated: false };
  return { problem: `neither the daemon's own cgroup (${folder ?? 'unknown'}) nor ${mount.point} is writable for it`, hint };
}

/** The unit, for a daemon that is in a leaf of it: its own, or one that systemd made (DelegateSubgroup=). */
function homeOf(folder: string): string {
  const parent = dirname(folder);
  return basename(folder) === leaf || (parent.endsWith('.service') && !folder.endsWith('.service')) ? parent : folder;
}

let known: Root | null = null;

/** Found once: where this process itself is may change while it starts a program (`enter.ts`). */
export function findRoot(): Root | NoRoot {
  if (known === null || !existsSync(join(known.folder, 'cgroup.procs'))) {
    const found = lookForRoot();
    if (!('folder' in found)) return found;
    known = found;
  }
  return known;
}

function lookForRoot(): Root | NoRoot {
  try {
    return chooseRoot({
      mountinfo: readFileSync('/proc/self/mountinfo', 'utf8'),
      own: readFileSync('/proc/self/cgroup', 'utf8'),
      uid: process.getuid?.() ?? 0,
      writable: (folder) => may(folder, constants.W_OK) && may(join(folder, 'cgroup.procs'), constants.W_OK),
    });
  } catch {
    return { problem: 'the system has no cgroups', hint: 'They are a part of Linux.' };
  }
}
