import { realpath } from 'node:fs/promises';
import { isAbsolute, normalize, relative } from 'node:path';
import type { Source } from '../../model/source.ts';
import type { Mirror } from './mirror.ts';
import type { Places } from './places.ts';
import { plain } from './plain.ts';

/** Who wrote a line last, as far as the history goes that was fetched. */
export async function blame(
  mirror: Mirror,
  { current, checkouts }: Places,
  { revision, file, line, signal }: { revision: string; file: string; line: number; signal: AbortSignal },
): ReturnType<Source['blame']> {
  const path = await pathInside(file, [current, `${checkouts}/${revision}`]);
  if (path === null || !Number.isInteger(line) || line < 1) return null;
  const { code, stdout } = await mirror.git(['blame', '--porcelain', '--root', '-L', `${line},${line}`, revision, '--', path], { signal });
  if (code !== 0) return null;
  const text = stdout.toString();
  const commit = /^[0-9a-f]{40}/.exec(text)?.[0];
  const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? '';
  // Where the history was cut off, git takes the first commit for the author of all before it.
  if (commit === undefined || (await mirror.shallowEnds()).has(commit)) return null;
  const seconds = Number(field('author-time'));
  return { commit, author: plain(field('author'), 120), at: new Date(seconds * 1000).toISOString(), subject: plain(field('summary'), 200) };
}

/** As git calls it: relative to the repository. */
async function pathInside(file: string, roots: readonly string[]): Promise<string | null> {
  if (!isAbsolute(file)) return isInside(normalize(file)) ? normalize(file) : null;
  for (const root of roots) {
    const real = [await realpath(root).catch(() => root), await realpath(file).catch(() => file)] as const;
    for (const [from, to] of [[root, file] as const, real]) {
      const path = relative(from, to);
      if (isInside(path)) return path;
    }
  }
  return null;
}

function isInside(path: string): boolean {
  return path !== '' && path !== '.' && path !== '..' && !path.startsWith('../');
}
