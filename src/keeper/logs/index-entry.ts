import { type Loss, losses, type OutputStream } from './writer.ts';

/**
 * One entry of the index beside a log: from `offset` on the bytes came at about `at` from `stream`; or, at `offset`, so many bytes
 * are missing, and why. Entries have a fixed size and ascending offsets, so a reader finds its place by halving.
 */
export type IndexEntry =
  | { readonly kind: OutputStream; readonly offset: number; readonly at: number }
  | { readonly kind: Loss; readonly offset: number; readonly at: number; readonly bytes: number };

export const entrySize = 20;
/** A number stands for each; new ones come behind. */
const kinds = ['stdout', 'stderr', ...losses] as const;

export function encodeEntry(entry: IndexEntry): Buffer {
  const bytes = Buffer.alloc(entrySize);
  bytes.writeUIntBE(entry.offset, 0, 6);
  bytes.writeUInt8(kinds.indexOf(entry.kind) + 1, 6);
  bytes.writeUIntBE(Math.max(0, Math.floor(entry.at)), 8, 6);
  if ('bytes' in entry) bytes.writeUIntBE(entry.bytes, 14, 6);
  return bytes;
}

/** Null if it is damaged. */
export function decodeEntry(bytes: Buffer, start: number): IndexEntry | null {
  const kind = kinds[bytes.readUInt8(start + 6) - 1];
  if (kind === undefined) return null;
  const place = { offset: bytes.readUIntBE(start, 6), at: bytes.readUIntBE(start + 8, 6) };
  return kind === 'stdout' || kind === 'stderr' ? { kind, ...place } : { kind, ...place, bytes: bytes.readUIntBE(start + 14, 6) };
}
