import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { read, write } from './files.ts';
import { folderOf, mountOf } from './mount.ts';
import { leaf } from './root.ts';

/** By these its memory would be counted there, its threads could be too many, and its CPUs be others. */
const felt = /\b(?:memory|pids|cpuset)\b/;

/** Whether a whole process may be in it for the moment that a start takes. What is frozen lets nobody out. */
export function mayEnter(folder: string): boolean {
  const controllers = read(folder, 'cgroup.controllers');
  return controllers !== null && !felt.test(controllers) && !isFrozen(folder);
}

export function isFrozen(folder: string): boolean {
  return /^frozen 1$/m.test(read(folder, 'cgroup.events') ?? 'frozen 1');
}

/**
 * Does something while this process is in a cgroup: what it starts is born there, and no shell is needed to join it. Synchronous, so
 * that nothing else of this thread comes in between. Throws, and does nothing, where it is not let in.
 */
export function inCgroup<T>(folder: string, act: () => T): T {
  const home = ownFolder();
  write(folder, 'cgroup.procs', '0');
  try {
    return act();
  } finally {
    comeHome(home);
  }
}

/** Where controllers were enabled meanwhile, nobody may be; who was there is in the leaf (`controllers.ts`). */
function comeHome(home: string): void {
  try {
    write(home, 'cgroup.procs', '0');
  } catch (error) {
    if (basename(home) === leaf) throw error;
    write(join(home, leaf), 'cgroup.procs', '0');
  }
}

let mount: ReturnType<typeof mountOf> = null;

function ownFolder(): string {
  mount ??= mountOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  const own = mount === null ? null : folderOf(mount, readFileSync('/proc/self/cgroup', 'utf8'));
  if (own === null) throw new Error('the own cgroup is not to be seen');
  return own;
}
