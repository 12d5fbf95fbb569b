import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mountOf } from '../../src/keeper/cgroup/mount.ts';
import { findRoot } from '../../src/keeper/cgroup/root.ts';
import type { Containment } from '../../src/model/documents.ts';

/** How programs are held together in a run, and how a daemon is started so that it can do no better. */
export interface Setup {
  readonly containment: Containment;
  readonly text: string;
  /** A program that executes what comes after it. */
  readonly through: readonly string[];
  /** Why it cannot be tried here; null if it can. */
  readonly missing: string | null;
}

const root = findRoot();

const byCgroup: Setup = {
  containment: 'cgroup',
  text: 'cgroup',
  through: [],
  missing: reasonNot('perl', '-e', '0') ?? ('folder' in root ? null : root.problem),
};

/** The daemon sees no cgroups where an empty file system is mounted over them in its own mount namespace. */
function byGroup(): Setup {
  const point = 'folder' in root ? mountOf(readFileSync('/proc/self/mountinfo', 'utf8'))?.point : undefined;
  const through = point === undefined ? [] : ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', point];
  const [file = '', ...args] = [...through, 'perl', '-e', '0'];
  return { containment: 'processGroup', text: 'process group', through, missing: reasonNot(file, ...args) };
}

/** Why this cannot be executed; null if it can. The programs of the test are written in perl. */
function reasonNot(file: string, ...args: string[]): string | null {
  try {
    execFileSync(file, args, { stdio: 'pipe' });
    return null;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

export const setups: readonly Setup[] = [byCgroup, byGroup()];
