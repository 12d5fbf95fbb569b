import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MusterError } from '../../model/error.ts';
import { read } from './files.ts';

/** Whether a process is in it or below it; false as well if it is gone. */
export function isPopulated(folder: string): boolean {
  return /^populated 1$/m.test(read(folder, 'cgroup.events') ?? '');
}

/** It and all below it, those below first. Empty if it is gone. */
export function foldersOf(folder: string): string[] {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...below.flatMap(({ name }) => foldersOf(join(folder, name))), folder];
  } catch {
    return [];
  }
}

/** All processes in it and below it. */
export function pidsOf(folder: string): number[] {
  const texts = foldersOf(folder).map((one) => procsOf(one));
  return [...new Set(texts.flatMap((text) => text.split('\n').filter((line) => line !== '')).map(Number))].sort((a, b) => a - b);
}

/** A threaded cgroup has no list of its own; its processes are in that of its domain. */
function procsOf(folder: string): string {
  try {
    return read(folder, 'cgroup.procs') ?? '';
  } catch {
    return '';
  }
}

/** Removes what has no processes; false if something is left. */
export function removeTree(folder: string): boolean {
  return foldersOf(folder)
    .map((one) => removeFolder(one))
    .every(Boolean);
}

/** True if it is gone. */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Removes the folders between the root and this one, from below, as long as they are empty. */
export function removeEmptyAbove(folder: string, root: string): void {
  for (let above = dirname(folder); above.startsWith(`${root}/`) && removeFolder(above); above = dirname(above));
}

/** Two at once of one name: during a reload that overlaps, or while what an earlier life left is on its way out. */
const mostBeside = 100;

/**
 * Makes a fresh cgroup: an empty one of that name, which somebody left, is removed; beside one with processes another is
 * made, or, where the place has to be this one, it is refused.
 */
export function makeFolder(place: string, inUse: (folder: string) => boolean, fixed: boolean): string {
  for (let count = 1; count <= mostBeside; count += 1) {
    const folder = count === 1 ? place : `${place}~${count}`;
    if (!inUse(folder) && (made(folder) || (!isPopulated(folder) && removeTree(folder) && made(folder)))) return folder;
    if (fixed) break;
  }
  throw new MusterError('EBUSY', `the cgroup ${place} has processes already: ${pidsOf(place).join(', ') || 'another module has it'}`, {
    hint: `Give each module a path of its own, or end them: echo 1 > ${join(place, 'cgroup.kill')}`,
  });
}

/** Folders above may be removed by another daemon at any time, as empty: then they are made anew. */
function made(folder: string): boolean {
  for (let attempt = 0; ; attempt += 1) {
    try {
      mkdirSync(folder);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      if (code !== 'ENOENT' || attempt === 10) throw error;
      mkdirSync(dirname(folder), { recursive: true });
    }
  }
}
