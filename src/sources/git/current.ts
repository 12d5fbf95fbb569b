import { readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { partOf } from './parts.ts';
import type { Places } from './places.ts';
import { syncFolder } from './replace.ts';

/** The commit whose files are used; null: none. */
export async function currentRevision({ current }: Pick<Places, 'current'>): Promise<string | null> {
  try {
    await readdir(current);
    return basename(await readlink(current));
  } catch {
    return null;
  }
}

/** From one moment to the next other files are there, all of them. */
export async function switchTo(revision: string, places: Places, id: string): Promise<void> {
  const part = partOf(places.current, id);
  await symlink(join(basename(places.checkouts), revision), part);
  await rename(part, places.current);
  await syncFolder(places.dir);
}

/** Removes checkouts but those named, and those in which a program still stands. */
export async function pruneCheckouts({ checkouts, listings }: Places, kept: readonly string[], id: () => string): Promise<void> {
  const old = (await readdir(checkouts)).filter((name) => !kept.includes(name));
  if (old.length === 0) return;
  const stoodIn = await foldersStoodIn();
  const real = await realpath(checkouts);
  for (const name of old) {
    if (stoodIn.some((path) => `${path}/`.startsWith(`${real}/${name}/`))) continue;
    const gone = partOf(join(checkouts, name), id());
    await rename(join(checkouts, name), gone);
    await rm(gone, { recursive: true, force: true });
  }
  const left = new Set(await readdir(checkouts));
  for (const name of await readdir(listings).catch(() => [])) if (!left.has(name)) await rm(join(listings, name), { force: true });
}

/** Where the programs of this machine are, as far as it may be known. */
async function foldersStoodIn(): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return folders.filter((folder) => folder !== '');
}
