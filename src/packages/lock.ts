import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import * as z from 'zod/mini';
import { MusterError } from '../model/error.ts';
import type { PackageLock } from '../model/package.ts';
import { withAbsolutePath } from '../model/package-spec.ts';

const schema = z.strictObject({
  version: z.literal(1),
  packages: z.record(
    z.string(),
    z.strictObject({ spec: z.string(), version: z.string(), integrity: z.nullable(z.string()), resolved: z.nullable(z.string()) }),
  ),
});

/** The lock file; null: there is none. Throws where it is damaged: to go on without it would be to differ from it. */
export async function readLock(file: string): Promise<PackageLock | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new MusterError('EIO', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const { packages } = schema.parse(JSON.parse(text));
    const here = dirname(file);
    const absolute = (spec: string): string => withAbsolutePath(spec, (path) => resolve(here, path));
    return new Map(Object.entries(packages).map(([name, locked]) => [name, { ...locked, spec: absolute(locked.spec) }]));
  } catch (cause) {
    throw new MusterError('EINVAL', `${file} is damaged: ${(cause as Error).message.replace(/\s+/g, ' ').slice(0, 200)}`, {
      cause,
      hint: 'take it from version control, or remove it and run: muster install --save',
    });
  }
}

/** The text of a lock file in a folder: sorted, and without paths of this machine, so that it can be compared line by line. */
export function lockText(lock: PackageLock, folder: string): string {
  const sorted = [...lock].sort(([a], [b]) => (a < b ? -1 : 1));
  const portable = (spec: string): string => withAbsolutePath(spec, (path) => `./${relative(folder, path)}`);
  const packages = Object.fromEntries(
    sorted.map(([name, { spec, version, integrity, resolved }]) => [name, { spec: portable(spec), version, integrity, resolved }]),
  );
  return `${JSON.stringify({ version: 1, packages }, null, 2)}\n`;
}
