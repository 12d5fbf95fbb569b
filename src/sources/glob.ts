import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { globRegExp, isGlob } from '../model/glob.ts';

/** The files that an absolute pattern with `*` and `?` in its segments stands for, sorted. Hidden files only if the pattern says so. */
export async function glob(pattern: string): Promise<string[]> {
  let folders = ['/'];
  const segments = pattern.split('/').filter((segment) => segment !== '');
  const last = segments.pop();
  for (const segment of segments)
    folders = isGlob(segment)
      ? (await Promise.all(folders.map((folder) => matching(folder, segment, 'folder')))).flat()
      : folders.map((folder) => join(folder, segment));
  if (last === undefined) return [];
  return (await Promise.all(folders.map((folder) => matching(folder, last, 'file')))).flat().sort();
}

async function matching(folder: string, segment: string, what: 'file' | 'folder'): Promise<string[]> {
  const expression = globRegExp(segment);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (what === 'folder' ? !entry.isFile() : !entry.isDirectory()))
    .filter((entry) => expression.test(entry.name) && (!entry.name.startsWith('.') || segment.startsWith('.')))
    .map((entry) => join(folder, entry.name));
}
