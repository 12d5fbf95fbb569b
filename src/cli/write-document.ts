import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MusterError, messageOf } from '../model/error.ts';
import type { Call } from './command.ts';

/** Writes a document to a file as it was given: for its owner alone, whatever was there before; and whole or not at all. */
export async function writeDocument(call: Call, file: string, document: unknown, what: string): Promise<void> {
  const named = resolve(call.io.cwd, file);
  const there = await stat(named).catch(() => null);
  // A device or a pipe must not be replaced by a file.
  if (there !== null && !there.isFile()) throw new MusterError('EINVAL', `${what} cannot be saved to ${file}: it is no regular file`);
  const path = there === null ? named : await realpath(named);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const target = await open(beside, 'wx', 0o600);
    try {
      await target.writeFile(`${JSON.stringify(document, null, 2)}\n`);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw fileError(error, `${what} cannot be saved to ${file}`);
  }
}

/** An error of the system about a file, as one of muster. */
export function fileError(error: unknown, what: string): MusterError {
  const { code } = error as NodeJS.ErrnoException;
  const known = code === 'ENOENT' || code === 'EACCES' || code === 'ENOSPC' || code === 'EPERM' ? code : 'EIO';
  return new MusterError(known, `${what}: ${messageOf(error)}`, { cause: error });
}
