import { lstat, mkdir, readlink, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { escapingLink } from './links.ts';
import { keepListing } from './listing.ts';
import { openFiles } from './open-folder.ts';
import { partOf } from './parts.ts';
import type { Places } from './places.ts';
import { plain } from './plain.ts';
import type { Program } from './program.ts';
import { syncFolder } from './replace.ts';
import type { TreeFile } from './tree.ts';
import { BrokenMirror, Trouble } from './trouble.ts';

export interface CheckoutPorts {
  readonly places: Places;
  readonly run: Program;
  readonly signal: AbortSignal;
  id(): string;
}

/**
 * Writes the files of a commit into a folder that nobody knows, looks whether they are what the commit says and lead nowhere
 * else, and only then, when they are on the disk, gives it its name. Says whether it did: false if there is one of that name.
 */
export async function checkOut(revision: string, files: readonly TreeFile[], { places, run, signal, id }: CheckoutPorts): Promise<boolean> {
  const place = join(places.checkouts, revision);
  if (await isFolder(place)) return false;
  const part = partOf(place, id());
  const index = join(places.temporary, `index-${id().replaceAll('/', '-')}`);
  await mkdir(part, { mode: 0o700 });
  try {
    const { code, stderr } = await run({
      argv: ['git', `--git-dir=${places.mirror}`, `--work-tree=${part}`, 'read-tree', '--reset', '-u', revision],
      env: { GIT_INDEX_FILE: index },
      signal,
    });
    if (code !== 0) throw checkoutFailure(stderr);
    await checkFiles(part, files);
    if (places.isOpen) await openFiles(part, files);
    await keepListing(revision, files, places, id());
    await run({ argv: ['sync', '--file-system', part] }).catch(() => null); // without it a power cut may cost a checkout
    await rename(part, place);
    await syncFolder(places.checkouts);
    return true;
  } finally {
    await rm(part, { recursive: true, force: true });
    await rm(index, { force: true });
  }
}

export function checkoutFailure(stderr: string): Error {
  if (/No space left|quota/i.test(stderr)) return new Trouble('disk', `there is no room for a checkout: ${plain(stderr)}`);
  if (/invalid path|unable to create (?:file|symlink)|collid/i.test(stderr))
    return new Trouble('refused', `git does not check it out: ${plain(stderr)}`);
  return new BrokenMirror(plain(stderr));
}

/** Each file as the commit has it: on a disk that does not tell cases apart two of them may be one. */
export async function checkFiles(folder: string, files: readonly TreeFile[]): Promise<void> {
  const links = new Map<string, string>();
  for (const { path, kind, size } of files) {
    const full = join(folder, path);
    const stats = await lstat(full).catch(() => null);
    const fits = kind === 'link' ? stats?.isSymbolicLink() : stats?.isFile();
    if (stats === null || fits !== true || stats.size !== size) {
      throw new Trouble(
        'refused',
        `${path} does not come out as it is in the commit; does another name differ only in upper and lower case?`,
      );
    }
    if (kind === 'link') links.set(path, await readlink(full));
  }
  const out = escapingLink(links);
  if (out !== null)
    throw new Trouble('refused', `${out} is a symbolic link that leads out of the repository (to ${plain(links.get(out) ?? '', 100)})`);
}

export async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
