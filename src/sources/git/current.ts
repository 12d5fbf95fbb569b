import { readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isClaimed } from './open-folder.ts';
import { partOf } from './parts.ts';
import { type Places, placesIn } from './places.ts';
import { syncFolder } from './replace.ts';

/** The commit whose files are used; null: none. */
export async function currentRevision(places: Pick<Places, 'current' | 'root' | 'dir' | 'isOpen'>): Promise<string | null> {
  const { current } = places;
  if (!(await isClaimed(places))) return null;
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
  await syncFolder(places.root);
}

/** Removes checkouts but those named, and those in which a program still stands. */
export async function pruneCheckouts({ checkouts, listings }: Places, kept: readonly string[], id: () => string): Promise<void> {
  await removeBut(checkouts, kept, id);
  const left = new Set(await readdir(checkouts));
  for (const name of await readdir(listings).catch(() => [])) if (!left.has(name)) await rm(join(listings, name), { force: true });
}

/** What lies in the state dir of a source that has its checkouts elsewhere since. */
export async function pruneMoved(places: Places, id: () => string): Promise<void> {
  const { checkouts, current } = placesIn(places.dir);
  if (!places.isOpen || (await currentRevision(places)) === null) return;
  await rm(current, { force: true });
  await removeBut(checkouts, [], id).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function removeBut(checkouts: string, kept: readonly string[], id: () => string): Promise<void> {
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
}

/** Where the programs of this machine are, as far as it may be known. */
async function foldersStoodIn(): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return folders.filter((folder) => folder !== '');
}
