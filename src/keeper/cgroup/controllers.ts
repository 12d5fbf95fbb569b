import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MusterError } from '../../model/error.ts';
import { read, reasonOf, write } from './files.ts';
import { legacyControllers } from './mount.ts';
import { leaf, type Root } from './root.ts';
import type { Setting } from './settings.ts';

/** Has every controller that the settings need at work in this cgroup. Throws what is missing, and what to do about it. */
export function enableControllers(root: Root, folder: string, settings: readonly Setting[]): void {
  // What the kernel has in every cgroup is there already.
  const needed = settings.filter(({ file }) => read(folder, file) === null && !file.startsWith('cgroup.'));
  const available = namesIn(root.folder, 'cgroup.controllers');
  const missing = needed.find(({ file }) => !available.includes(controllerOf(file)));
  if (missing !== undefined) throw missingController(missing, root);
  const names = [...new Set(needed.map(({ file }) => controllerOf(file)))];
  for (const above of foldersAbove(root.folder, folder)) enable(above, names, root);
}

const mostAttempts = 10;

function enable(folder: string, names: readonly string[], root: Root): void {
  const enabled = namesIn(folder, 'cgroup.subtree_control');
  const wanted = names.filter((name) => !enabled.includes(name)).map((name) => `+${name}`);
  if (wanted.length === 0) return;
  const isHome = folder === root.folder && root.delegated;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (isHome) intoLeaf(folder);
      write(folder, 'cgroup.subtree_control', wanted.join(' '));
      return;
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === 'EBUSY';
      // A keeper that was away for a start (`enter.ts`) has come back meanwhile.
      if (busy && isHome && attempt < mostAttempts) continue;
      throw new MusterError('EBUSY', `the controllers ${names.join(', ')} cannot be enabled in ${folder}: ${reasonOf(error)}`, {
        cause: error,
        ...(busy ? { hint: 'Processes in that very cgroup stand in the way: run muster as a service with Delegate=yes.' } : {}),
      });
    }
  }
}

/** Controllers can only be enabled where no process is: those of the service go one down, the daemon among them. */
function intoLeaf(folder: string): void {
  const pids = namesIn(folder, 'cgroup.procs');
  if (pids.length === 0) return;
  mkdirSync(join(folder, leaf), { recursive: true });
  for (const pid of pids) {
    try {
      write(join(folder, leaf), 'cgroup.procs', pid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** The root and what is between it and the folder, from above. */
function foldersAbove(root: string, folder: string): string[] {
  const found: string[] = [];
  for (let above = dirname(folder); above.startsWith(root); above = dirname(above)) found.unshift(above);
  return found;
}

function controllerOf(file: string): string {
  return file.split('.')[0] as string;
}

function namesIn(folder: string, file: string): string[] {
  return (read(folder, file) ?? '').split(/\s+/).filter((name) => name !== '');
}

function missingController({ key, file }: Setting, root: Root): MusterError {
  const name = controllerOf(file);
  const [why, hint] = whyMissing(name, root);
  return new MusterError('ENOTSUP', `${key} needs the controller ${name}, which ${why}`, { hint: `${hint}, or remove ${key}.` });
}

function whyMissing(name: string, root: Root): [why: string, hint: string] {
  const legacy = legacyControllers(textOf('/proc/self/mountinfo')).get(name);
  if (legacy !== undefined)
    return [`is mounted as v1 at ${legacy}`, `Boot with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=${name}`];
  const row = textOf('/proc/cgroups')
    .split('\n')
    .map((line) => line.split('\t'))
    .find(([controller]) => controller === name);
  if (row === undefined) return ['this kernel does not have', `Use a kernel with ${name}`];
  if (row[3] === '0') return ['is switched off in this kernel', `Boot with cgroup_enable=${name}`];
  return [`is not available in ${root.folder}`, `Have it delegated (Delegate=${name} in the unit that muster runs in)`];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
