import {
  close,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
  writev,
} from 'node:fs';
import { encodeEntry, entrySize, type IndexEntry } from './index-entry.ts';
import { indexPath, logPath, shapesPath } from './paths.ts';
import { appendShape, type LogShape } from './shape.ts';
import type { Loss, OutputStream } from './writer.ts';

/**
 * The files of one log. All that goes by path is synchronous, so that opening, renaming and rotating cannot get between one
 * another; only the bytes themselves are written in the background, to a descriptor.
 */
export interface DiskLog {
  /** Bytes of the current file and of its index. */
  size(): number;
  /** Returns how many bytes the disk took. If it took none, what was marked for them is forgotten. */
  append(chunks: readonly Uint8Array[]): Promise<number>;
  /** Notes where the next byte comes from. */
  mark(entry: { kind: OutputStream; at: number } | { kind: Loss; at: number; bytes: number }): void;
  /** Nothing more is written for what was marked last. */
  settle(): void;
  /** From this time on its lines are told in this shape. */
  describe(shape: LogShape, at: number): void;
  rotate(keep: number): void;
  rename(name: string): void;
  /** Finds out whether somebody moved or emptied the file behind our back. True if it starts afresh. */
  verify(): boolean;
  close(): void;
}

/** Throws what the disk throws. */
export function openDiskLog(dir: string, initialName: string): DiskLog {
  let name = initialName;
  let files: Files | null = openFiles(dir, name);

  return {
    size: () => opened().size + opened().indexSize,
    async append(chunks) {
      const into = opened();
      const written = await writeAll(into.log, chunks);
      into.size += written;
      if (written > 0) into.indexUsed = into.indexSize;
      else ftruncateSync(into.index, into.indexUsed);
      into.indexSize = into.indexUsed;
      return written;
    },
    mark(mark) {
      const into = opened();
      const entry: IndexEntry = { ...mark, offset: into.size };
      // A torn entry would shift all that follow.
      if (writeSync(into.index, encodeEntry(entry)) === entrySize) into.indexSize += entrySize;
      else ftruncateSync(into.index, into.indexSize);
    },
    settle() {
      const into = opened();
      into.indexUsed = into.indexSize;
    },
    describe(shape, at) {
      opened();
      appendShape(shapesPath(dir, name), shape, at);
    },
    rotate(keep) {
      letGo();
      shift(dir, name, keep);
    },
    rename(next) {
      // Logs of a former module of that name stay as they are; ours goes on behind them.
      const taken = existsSync(logPath(dir, next));
      if (taken) letGo();
      else {
        for (let age = 0; move(dir, name, age, next, age); age++);
        if (existsSync(shapesPath(dir, name))) renameSync(shapesPath(dir, name), shapesPath(dir, next));
      }
      name = next;
    },
    verify() {
      const { inode, size } = opened();
      const now = statOrNull(logPath(dir, name));
      if (now !== null && now.ino === inode && now.size >= size) return false;
      letGo();
      return true;
    },
    close: letGo,
  };

  /** After a failure the next use tries again. */
  function opened(): Files {
    files ??= openFiles(dir, name);
    return files;
  }

  function letGo(): void {
    if (files === null) return;
    closeSync(files.log);
    closeSync(files.index);
    files = null;
  }
}

interface Files {
  readonly log: number;
  readonly index: number;
  readonly inode: number;
  size: number;
  indexSize: number;
  /** Without entries of bytes that have not been written. */
  indexUsed: number;
}

function openFiles(dir: string, name: string): Files {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = logPath(dir, name);
  const log = openSync(path, 'a', 0o600);
  try {
    const { size, ino } = fstatSync(log);
    const index = openSync(indexPath(path), 'a', 0o600);
    const had = fstatSync(index).size;
    const indexSize = size === 0 ? 0 : had - (had % entrySize);
    if (indexSize !== had) ftruncateSync(index, indexSize);
    return { log, index, inode: ino, size, indexSize, indexUsed: indexSize };
  } catch (error) {
    closeSync(log);
    throw error;
  }
}

function shift(dir: string, name: string, keep: number): void {
  for (let age = Math.max(keep, 0); ; age++) {
    const path = logPath(dir, name, age);
    if (!existsSync(path)) break;
    removeGently(path);
    rmSync(indexPath(path), { force: true });
  }
  for (let age = keep - 1; age >= 0; age--) move(dir, name, age, name, age + 1);
}

/** Giving back the blocks of a large file takes milliseconds: while a descriptor is open that waits for its close, in the background. */
function removeGently(path: string): void {
  const held = openSync(path, 'r');
  try {
    rmSync(path, { force: true });
  } finally {
    close(held, () => {});
  }
}

/** False if there is nothing to move. */
function move(dir: string, from: string, fromAge: number, to: string, toAge: number): boolean {
  const [source, target] = [logPath(dir, from, fromAge), logPath(dir, to, toAge)];
  if (!existsSync(source)) return false;
  renameSync(source, target);
  if (existsSync(indexPath(source))) renameSync(indexPath(source), indexPath(target));
  else rmSync(indexPath(target), { force: true });
  return true;
}

/** As much as the disk takes. */
async function writeAll(fd: number, chunks: readonly Uint8Array[]): Promise<number> {
  const total = chunks.reduce((sum, { length }) => sum + length, 0);
  let written = 0;
  let rest: readonly Uint8Array[] = chunks;
  while (written < total) {
    const count = await writeOnce(fd, rest);
    if (count === 0) return written;
    written += count;
    rest = written < total ? skip(rest, count) : [];
  }
  return written;
}

/** 0 if the disk takes nothing. Any failure counts as that: what to do about it is the same. */
function writeOnce(fd: number, chunks: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve) => {
    writev(fd, chunks, (error, count) => resolve(error === null ? count : 0));
  });
}

function skip(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (count < chunk.length) rest.push(chunk.subarray(count));
    count = Math.max(0, count - chunk.length);
  }
  return rest;
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
