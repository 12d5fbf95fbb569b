import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { MusterError } from '../model/error.ts';

/** SHA-256 (hex) of archives, read again only where their stat differs. */
export function createArchiveDigests(): (path: string) => Promise<string> {
  const known = new Map<string, { readonly stamp: string; readonly digest: string }>();
  return async (path) => {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(path);
      const stamp = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      const before = known.get(path);
      if (before?.stamp === stamp) return before.digest;
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
      const digest = hash.digest('hex');
      known.set(path, { stamp, digest });
      return digest;
    } catch (cause) {
      throw new MusterError('EIO', `${path} cannot be read: ${(cause as Error).message}`, { cause });
    }
  };
}
