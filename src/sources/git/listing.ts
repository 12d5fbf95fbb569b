import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Places } from './places.ts';
import { replaceFile } from './replace.ts';
import type { TreeFile } from './tree.ts';

/** What a checkout consists of, kept beside it: whether it is as its commit has it can be told without git and without the mirror. */
export async function keepListing(revision: string, files: readonly TreeFile[], { listings }: Places, id: string): Promise<void> {
  await mkdir(listings, { recursive: true, mode: 0o700 });
  await replaceFile(join(listings, revision), JSON.stringify(files), id);
}

/** Null where there is none. */
export async function readListing(revision: string, { listings }: Places): Promise<TreeFile[] | null> {
  try {
    return JSON.parse(await readFile(join(listings, revision), 'utf8')) as TreeFile[];
  } catch {
    return null;
  }
}

const atOnce = 16;
const large = 2 ** 20;

/** Whether each of the files is there as it was committed; what else lies there does not count. */
export async function isAsListed(folder: string, files: readonly TreeFile[]): Promise<boolean> {
  for (let first = 0; first < files.length; first += atOnce) {
    const some = files.slice(first, first + atOnce);
    const found = await Promise.all(some.map((file) => isSame(join(folder, file.path), file)));
    if (found.includes(false)) return false;
  }
  return true;
}

async function isSame(path: string, { kind, size, object }: TreeFile): Promise<boolean> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (stats === null || stats.size !== size) return false;
  if (kind === 'link') return stats.isSymbolicLink() && objectOf(await readlink(path, 'buffer')) === object;
  if (!stats.isFile() || ((stats.mode & 0o100) !== 0) !== (kind === 'executable')) return false;
  if (size <= large) return objectOf(await readFile(path)) === object;
  const hash = blob(size);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === object;
}

function objectOf(content: Buffer): string {
  return blob(content.length).update(content).digest('hex');
}

/** As git names what a file holds. */
function blob(size: number) {
  return createHash('sha1').update(`blob ${size}\0`);
}
