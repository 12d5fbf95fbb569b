import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import type { FileText, Reader } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import { isBelow } from '../model/place.ts';
import { findFiles } from './glob.ts';
import { refusal } from './refusal.ts';

const mostBytes = 64 * 1024 ** 2;

/**
 * Reads files below a folder and nothing else, wherever links lead. What lies there is whole: it was written before the
 * folder came to be what its name stands for.
 */
export function createConfinedReader(root: string): Reader {
  const real = async (path: string): Promise<string> => {
    const [folder, file] = [await realpath(root), await realpath(path)];
    if (isBelow(path, root) && isBelow(file, folder)) return file;
    throw new MusterError('EPERM', `${path} lies outside of the repository`, { hint: 'name a file within it' });
  };

  return {
    async file(path) {
      try {
        const file = await real(path);
        const stats = await stat(file);
        if (!stats.isFile()) throw new MusterError('EINVAL', `${path} is ${stats.isDirectory() ? 'a folder' : 'no regular file'}`);
        if (stats.size > mostBytes) throw new MusterError('E2BIG', `${path} has ${stats.size} bytes; at most ${mostBytes} are read`);
        return textOf(path, await readFile(file));
      } catch (error) {
        throw refusal(outsideFirst(error, path, root), path);
      }
    },
    async glob(pattern) {
      try {
        if (!isBelow(pattern, root)) throw new MusterError('EPERM', `${pattern} lies outside of the repository`);
        return await findFiles(pattern, async () => {});
      } catch (error) {
        throw refusal(error, pattern);
      }
    },
  };
}

/** What lies outside is not to be told apart by whether it is there. */
function outsideFirst(error: unknown, path: string, root: string): unknown {
  if (error instanceof MusterError || isBelow(path, root)) return error;
  return new MusterError('EPERM', `${path} lies outside of the repository`, { hint: 'name a file within it' });
}

function textOf(path: string, bytes: Buffer): FileText {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { path, text, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    throw new MusterError('EINVAL', `${path} is not UTF-8`, { hint: 'save it as UTF-8', cause });
  }
}
