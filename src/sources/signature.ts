import { readdir, stat } from 'node:fs/promises';

export interface Signature {
  /** Differs whenever the file, or the list of files in the folder, does. */
  readonly text: string;
  /** ms since the epoch; 0 if there is nothing. */
  readonly changedAt: number;
}

/** How a path looks without reading the file: through links, so that a `..data` swap shows. */
export async function signatureOf(path: string): Promise<Signature> {
  try {
    const stats = await stat(path, { bigint: true });
    const changedAt = Number(stats.mtimeMs);
    if (stats.isDirectory()) return { text: `folder ${(await visibleNames(path)).join('/')}`, changedAt };
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    return { text: [dev, ino, size, mtimeNs, ctimeNs].join(' '), changedAt };
  } catch (error) {
    return { text: (error as NodeJS.ErrnoException).code ?? 'error', changedAt: 0 };
  }
}

/** Editors keep what is temporary under names that no pattern matches. */
async function visibleNames(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => !name.startsWith('.') && !name.endsWith('~')).sort();
}
