import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { MusterError } from '../model/error.ts';
import type { PackageLock } from '../model/package.ts';
import { parseLock } from '../model/package-lock.ts';
import { withAbsolutePath } from '../model/package-spec.ts';

/** The lock file; null: there is none. Throws where it is damaged: to go on without it would be to differ from it. */
export async function readLock(file: string): Promise<PackageLock | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new MusterError('EIO', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const read = parseLock(text, (path) => resolve(dirname(file), path));
  if ('lock' in read) return read.lock;
  const { line, column, message } = read.problem;
  throw new MusterError('EINVAL', `${file}:${line}:${column}: the lock is damaged: ${message}`, { hint: damagedHint });
}

const damagedHint = 'take it from version control, or remove it and run: muster install';

/** The text of a lock file in a folder: sorted, and without paths of this machine, so that it can be compared line by line. */
export function lockText(lock: PackageLock, folder: string): string {
  const sorted = [...lock].sort(([a], [b]) => (a < b ? -1 : 1));
  const portable = (spec: string): string => withAbsolutePath(spec, (path) => `./${relative(folder, path)}`);
  const packages = Object.fromEntries(
    sorted.map(([name, { spec, version, integrity, resolved }]) => [name, { spec: portable(spec), version, integrity, resolved }]),
  );
  return `${JSON.stringify({ version: 1, packages }, null, 2)}\n`;
}
