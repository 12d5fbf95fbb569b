import { chmod, lstat, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Places } from './places.ts';
import type { TreeFile } from './tree.ts';
import { Trouble } from './trouble.ts';

const key = 'source.git.checkoutDir';
const markName = '.muster-source';

/**
 * Takes a folder of the host for checkouts that other users can read. Throws where it is used for anything else, and where somebody
 * else could write there: what lies in it is run.
 */
export async function claimFolder({ root, dir }: Places): Promise<void> {
  await mkdir(root).then(
    () => chmod(root, 0o755),
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw new Trouble('disk', `${root} (${key}) cannot be made: ${error.message}`);
    },
  );
  await requireOwnFolder(root);
  const marked = await markOf(root);
  if (marked !== null && marked !== dir) {
    throw new Trouble('refused', `${root} (${key}) has the checkouts of ${marked}; name another folder, or remove it if they are not used`);
  }
  if (marked !== null) return;
  if ((await readdir(root)).length > 0) throw new Trouble('refused', `${root} (${key}) is not empty; name a folder that nothing else uses`);
  await writeFile(join(root, markName), `${dir}\n`, { mode: 0o600 });
}

/** Whether the checkouts there are those of this source; in the state dir they always are. */
export async function isClaimed({ root, dir, isOpen }: Pick<Places, 'root' | 'dir' | 'isOpen'>): Promise<boolean> {
  return !isOpen || (await markOf(root).catch(() => null)) === dir;
}

async function markOf(root: string): Promise<string | null> {
  return (await readdir(root)).includes(markName) ? (await readFile(join(root, markName), 'utf8')).trim() : null;
}

/** Throws where somebody but root and this user could put anything in the place of what lies there, which may have come to be so at any time. */
export async function requireOwnFolder(path: string): Promise<void> {
  const folder = await realpath(path);
  for (let at = folder; ; at = dirname(at)) {
    const { uid, mode } = await lstat(at);
    const isSticky = at !== folder && (mode & 0o1000) !== 0;
    const isOwn = uid === 0 || uid === process.getuid?.();
    if (!isOwn || ((mode & 0o022) !== 0 && !isSticky))
      throw new Trouble('refused', `others than the user of the daemon can write to ${at}, and so change what it runs (${key})`);
    if (at === '/') return;
  }
}

/** All can read them, and execute what is executable. */
export async function openFiles(folder: string, files: readonly TreeFile[]): Promise<void> {
  const folders = new Set([folder]);
  for (const { path, kind } of files) {
    for (let at = dirname(path); at !== '.'; at = dirname(at)) folders.add(join(folder, at));
    if (kind !== 'link') await chmod(join(folder, path), kind === 'executable' ? 0o755 : 0o644);
  }
  for (const each of folders) await chmod(each, 0o755);
}
