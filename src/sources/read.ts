import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { FileText } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';

/** The text, if two reads and the state of the file before and after them agree; else null. */
export async function readTwice(path: string, before: BigIntStats): Promise<FileText | null> {
  const first = await readFile(path);
  const second = await readFile(path);
  const after = await stat(path, { bigint: true });
  const same = (['mtimeNs', 'size', 'ino', 'dev'] as const).every((field) => before[field] === after[field]);
  if (!same || !first.equals(second) || BigInt(first.length) !== after.size) return null;
  return { path, text: decode(first, path), sha256: createHash('sha256').update(first).digest('hex') };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MusterError('EINVAL', `${path} is not UTF-8`, { hint: 'save it as UTF-8', cause });
  }
}
