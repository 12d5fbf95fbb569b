import { type FileHandle, open } from 'node:fs/promises';
import { decodeEntry, entrySize, type IndexEntry } from './index-entry.ts';
import { indexPath, logPath } from './paths.ts';

/** One file of a log, open for reading together with its index. */
export interface Source {
  readonly inode: number;
  /** As it was when it was opened, or last `refresh`ed. */
  size(): number;
  /** Of its index. */
  entries(): number;
  refresh(): Promise<void>;
  read(from: number, to: number): Promise<Buffer>;
  readEntries(from: number, to: number): Promise<(IndexEntry | null)[]>;
  /** Number of the first entry for which it holds, as it does for all that follow; `entries` if for none. */
  firstWhere(holds: (entry: IndexEntry) => boolean): Promise<number>;
  /** Where what came at `time` or later begins; `size` if nothing did, 0 if it is not known. */
  offsetAt(time: number): Promise<number>;
  close(): Promise<void>;
}

/** All files of a log, oldest first. */
export async function openSources(dir: string, name: string): Promise<Source[]> {
  for (let attempt = 0; ; attempt++) {
    const sources = await openNewestFirst(dir, name);
    // The file and its index are opened one after the other; if they were rotated meanwhile they are not of one another.
    const newest = await openSource(logPath(dir, name));
    const rotated = newest !== null && newest.inode !== sources[0]?.inode;
    await newest?.close();
    if (!rotated || attempt === 3) return sources.reverse();
    await closeAll(sources);
  }
}

export async function closeAll(sources: readonly Source[]): Promise<void> {
  await Promise.all(sources.map((source) => source.close()));
}

/** Null if there is none. */
export async function openSource(path: string): Promise<Source | null> {
  const log = await openOrNull(path);
  if (log === null) return null;
  const index = await openOrNull(indexPath(path));
  const { ino: inode } = await log.stat();
  let size = 0;
  let entries = 0;
  let closed: Promise<unknown> | null = null;
  await refresh(log);

  return {
    inode,
    size: () => size,
    entries: () => entries,
    refresh: () => refresh(log),
    read: (from, to) => readAt(log, from, to),
    readEntries,
    firstWhere,
    async offsetAt(time) {
      if (entries === 0) return 0;
      return (await entry(await firstWhere(({ at }) => at >= time)))?.offset ?? size;
    },
    async close() {
      closed ??= Promise.all([log.close(), index?.close()]);
      await closed;
    },
  };

  /** The size first: the index is written before what it tells of. */
  async function refresh(of: FileHandle): Promise<void> {
    size = (await of.stat()).size;
    entries = index === null ? 0 : Math.floor((await index.stat()).size / entrySize);
  }

  async function firstWhere(holds: (entry: IndexEntry) => boolean): Promise<number> {
    let [low, high] = [0, entries];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = await entry(middle);
      if (found !== null && holds(found)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  async function entry(number: number): Promise<IndexEntry | null> {
    return (await readEntries(number, number + 1))[0] ?? null;
  }

  async function readEntries(from: number, to: number): Promise<(IndexEntry | null)[]> {
    if (index === null || from >= entries) return [];
    const bytes = await readAt(index, from * entrySize, Math.min(to, entries) * entrySize);
    return Array.from({ length: Math.floor(bytes.length / entrySize) }, (_, number) => decodeEntry(bytes, number * entrySize));
  }
}

async function openNewestFirst(dir: string, name: string): Promise<Source[]> {
  const sources: Source[] = [];
  for (let age = 0; ; age++) {
    const source = await openSource(logPath(dir, name, age));
    // Between a rotation and the next line there is no newest file.
    if (source === null && age > 0) return sources;
    if (source === null) continue;
    if (sources.some(({ inode }) => inode === source.inode)) await source.close();
    else sources.push(source);
  }
}

async function readAt(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}

function openOrNull(path: string): Promise<FileHandle | null> {
  return open(path, 'r').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : Promise.reject(error)));
}
