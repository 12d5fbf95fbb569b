import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { folderOf, mountOf } from '../../../src/keeper/cgroup/mount.ts';
import { findRoot } from '../../../src/keeper/cgroup/root.ts';
import { pidsOf, removeEmptyAbove, removeTree } from '../../../src/keeper/cgroup/tree.ts';
import { clock, runs } from './keeper.ts';

const root = findRoot();

/** Why real cgroups cannot be tested here; null if they can. */
export const noCgroups = 'folder' in root ? null : root.problem;
if (noCgroups !== null) process.stderr.write(`cgroups are not tested: ${noCgroups}\n`);

/** Where modules have their cgroups. */
export const rootFolder = 'folder' in root ? root.folder : '/none';

let count = 0;

/** What the leases of one daemon begin with, and the folder of its cgroups, which is to be gone in the end. */
export function daemon(): { readonly owner: string; readonly folder: string; lease(): string } {
  count += 1;
  const owner = `test-${process.pid}-${count}`;
  return { owner: `${owner}/`, folder: join(rootFolder, 'muster', owner), lease: () => `${owner}/${++count}` };
}

/** A cgroup of the test's own. */
export function ownCgroup(name: string): string {
  const folder = join(rootFolder, name);
  mkdirSync(folder, { recursive: true });
  onTestFinished(async () => {
    if (existsSync(join(folder, 'cgroup.kill'))) writeFileSync(join(folder, 'cgroup.kill'), '1');
    while (existsSync(folder) && !removeTree(folder)) await new Promise<void>((resolve) => clock.after(5, resolve));
    removeEmptyAbove(folder, rootFolder);
  });
  return folder;
}

/** Of the processes in a cgroup those that live. */
export async function livingIn(folder: string): Promise<number[]> {
  const pids = pidsOf(folder);
  const living = await Promise.all(pids.map(runs));
  return pids.filter((_, index) => living[index]);
}

/** The cgroup of a process, as a folder. */
export function cgroupOf(pid: number): string | null {
  const mount = mountOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  return mount === null ? null : folderOf(mount, readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
}
