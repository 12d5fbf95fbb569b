import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { globRegExp, isGlob } from '../model/glob.ts';

/**
 * Files that match an absolute pattern with `*` and `?` in its segments, sorted by code unit. As in a shell a wildcard
 * does not match a period at the beginning: editors keep their temporary files there. `settled` waits until a folder is quiet.
 */
export async function findFiles(pattern: string, settled: (folder: string) => Promise<unknown>): Promise<string[]> {
  let found = ['/'];
  const segments = pattern.split('/').filter((segment) => segment !== '');
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    const next = await Promise.all(found.map((folder) => step(folder, segment, last, settled)));
    found = next.flat();
  }
  return found.sort();
}

async function step(folder: string, segment: string, last: boolean, settled: (folder: string) => Promise<unknown>): Promise<string[]> {
  if (!isGlob(segment)) return last && !(await exists(join(folder, segment))) ? [] : [join(folder, segment)];
  const matches = globRegExp(segment);
  const names = await namesIn(folder, settled);
  const paths = names
    .filter((name) => matches.test(name) && (!name.startsWith('.') || segment.startsWith('.')))
    .map((name) => join(folder, name));
  const folders = await Promise.all(paths.map(isFolder));
  // A link that leads nowhere counts as a file, so that it is reported and not passed over.
  return paths.filter((_, index) => folders[index] !== last);
}

async function namesIn(folder: string, settled: (folder: string) => Promise<unknown>): Promise<string[]> {
  try {
    await settled(folder);
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
