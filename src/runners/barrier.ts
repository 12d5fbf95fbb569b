import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Identity } from '../model/keeper.ts';

/** What a runner process is made of. */
export function programFiles(runnerFile: string): readonly string[] {
  return [process.execPath, ...['runner.cjs', 'boot.cjs', 'realm.cjs'].map((file) => join(dirname(runnerFile), file))];
}

/**
 * What keeps a user from reading these files, and what to do about it; null: nothing. It goes by modes alone, so it is asked
 * only after something has failed: lists of access rights may allow more.
 */
export function barrier(identity: Identity, files: readonly string[]): string | null {
  for (const file of files) {
    const closed = firstClosed(identity, file);
    if (closed === null) continue;
    const whom = identity.uid === null ? `group ${identity.gid}` : `uid ${identity.uid}`;
    const what = closed === file ? file : `${file}, because ${closed} is closed to it`;
    return `${whom} cannot read ${what}: open it (chmod o+rX), or install muster and Node where everybody may read`;
  }
  return null;
}

function firstClosed(identity: Identity, file: string): string | null {
  try {
    const real = realpathSync(file);
    for (const folder of foldersOf(real)) if (!allows(statSync(folder), identity, 1)) return folder;
    return allows(statSync(real), identity, 4) ? null : file;
  } catch {
    return null;
  }
}

/** From the root down. */
function foldersOf(file: string): string[] {
  const folder = dirname(file);
  return folder === file ? [] : [...foldersOf(folder), folder];
}

/** `bit`: 4 to read, 1 to search. */
function allows({ mode, uid, gid }: Stats, identity: Identity, bit: number): boolean {
  const as = identity.uid ?? process.getuid?.();
  if (as === 0) return true;
  const shift = as === uid ? 6 : [identity.gid, ...(identity.groups ?? [])].includes(gid) ? 3 : 0;
  return ((mode >> shift) & bit) !== 0;
}
