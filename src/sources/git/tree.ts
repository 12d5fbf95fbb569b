import type { GitSpec } from '../../model/source.ts';
import { formatSize } from '../../model/units.ts';
import { plain } from './plain.ts';
import { Trouble } from './trouble.ts';

export interface TreeFile {
  readonly path: string;
  readonly kind: 'file' | 'executable' | 'link';
  readonly size: number;
  /** As git names its content. */
  readonly object: string;
}

const remedy = 'use a smaller repository for the config, or raise that';

const kinds = { '100644': 'file', '100664': 'file', '100755': 'executable', '120000': 'link' } as const;

/** The files of a commit, from `git ls-tree -r -l -z`; throws for what is not checked out. */
export function readTree(listing: Uint8Array, { maxFiles, maxSize }: Pick<GitSpec, 'maxFiles' | 'maxSize'>): TreeFile[] {
  const files: TreeFile[] = [];
  let bytes = 0;
  for (const line of decode(listing).split('\0')) {
    if (line === '') continue;
    const [, mode = '', object = '', size = '', path = ''] = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line) ?? [];
    if (mode === '160000')
      throw refused(`${plain(path)} is a submodule, and what lies in another repository is not fetched; copy it into this one`);
    const kind = kinds[mode as keyof typeof kinds];
    if (kind === undefined) throw refused(`${plain(path)} is of a kind that is not checked out (${plain(mode)})`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a name with them could write over a terminal
    if (/[\x00-\x1f\x7f]/.test(path)) throw refused(`the name of ${plain(path)} holds control characters; rename it`);
    bytes += Number(size);
    files.push({ path, kind, size: Number(size), object });
    if (files.length > maxFiles) throw refused(`it has more than ${maxFiles} files (source.git.maxFiles); ${remedy}`);
    if (bytes > maxSize) throw refused(`its files are larger than ${formatSize(maxSize)} (source.git.maxSize); ${remedy}`);
  }
  return files;
}

/** The config has to be a file of it. Names what is near where it is not. */
export function requireConfig(files: readonly TreeFile[], path: string): void {
  const found = files.find((file) => file.path === path);
  if (found !== undefined) return;
  if (files.some((file) => file.path.startsWith(`${path}/`)))
    throw new Trouble('badPath', `${path} is a folder; source.git.path names a file`);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const near = files.filter((file) => file.path.endsWith(`/${name}`) || /^[^/]+\.ya?ml$/.test(file.path)).slice(0, 5);
  const hint = near.length === 0 ? '' : `; there is ${near.map((file) => file.path).join(', ')}`;
  throw new Trouble('badPath', `there is no ${path} in the repository${hint}`);
}

function decode(listing: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(listing);
  } catch {
    throw refused('the name of a file in it is not UTF-8; rename it');
  }
}

function refused(message: string): Trouble {
  return new Trouble('refused', message);
}
