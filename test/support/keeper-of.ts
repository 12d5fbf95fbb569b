import { readFileSync } from 'node:fs';

/** The keeper of a program: its parent, or the parent of the fork server that is. */
export function keeperOf(pid: number): number {
  const parent = parentOf(pid);
  return readFileSync(`/proc/${parent}/cmdline`, 'utf8').startsWith('muster-fork-server') ? parentOf(parent) : parent;
}

export function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
}
