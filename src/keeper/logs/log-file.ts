import { messageOf } from '../../model/error.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { Blocks } from './blocks.ts';
import { cutToFit, type Piece, runsOf, sizeOf } from './cut.ts';
import { type DiskLog, openDiskLog } from './disk-log.ts';
import { createQueue, type Stretch } from './queue.ts';
import type { LogShape } from './shape.ts';
import type { LogSettings, Loss, OutputStream } from './writer.ts';

export interface LogFile {
  /** Copies the chunk. */
  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  missing(bytes: number, loss: Loss): void;
  rename(name: string): void;
  update(settings: LogSettings): void;
  dropped(): number;
  /** Why the disk takes nothing at present; null: it does. */
  trouble(): string | null;
  /** Writes what waits and lets go of the files; the next write opens them again. */
  close(): Promise<void>;
}

export interface LogFilePorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly blocks: Blocks;
  /** A file was put aside, and another begins. */
  rotated(): void;
}

/** What may wait for the disk before writers have to. */
const maxWaiting = 1024 * 1024;
/** One write: while it is on its way the next ones are gathered. */
const batch = 512 * 1024;
/** A flood has begun: a write wakes a thread, whatever its size, and so is put off for as long as this, until there is a batch. */
const flood = 32 * 1024;
const gatherMs = 2;
/** Smaller logs would do nothing but rotate. */
const smallestSize = 256;
/** How exact the time of a line is. Finer makes the index grow. */
const markEveryMs = 50;
const verifyEveryMs = 1000;

/**
 * One log: what comes is appended as it is, in one write for all that came while the last one was on its way. What the disk does
 * not take is dropped and counted, never an error and never a wait: a full disk must not stop what is supervised.
 */
export function createLogFile(
  dir: string,
  initialName: string,
  initialSettings: LogSettings,
  { clock, log, blocks, rotated }: LogFilePorts,
): LogFile {
  const queue = createQueue(blocks);
  let name = initialName;
  let settings = initialSettings;
  let disk: DiskLog | null = null;
  let flushing: Promise<void> | null = null;
  let room: Promise<void> | null = null;
  let release: (() => void) | null = null;
  let gathered: (() => void) | null = null;
  let marked: { stream: OutputStream; at: number } | null = null;
  /** Since when what is said is told how; noted with the next output. */
  let shapes: { readonly shape: LogShape; readonly at: number }[] = [];
  let verifiedAt = 0;
  let dropped = 0;
  let trouble: string | null = null;
  /** Bytes that are missing and that the index does not tell of yet. */
  let untold: Partial<Record<Loss, number>> = {};
  shape();

  return {
    write(stream, chunk) {
      if (chunk.length === 0) return;
      if (settings.overflow === 'drop' && queue.bytes() > maxWaiting) {
        miss(chunk.length, 'dropped');
        return;
      }
      queue.push({ stream, chunk, at: clock.now() });
      flushing ??= flush();
      if (queue.bytes() >= batch) gathered?.();
      if (queue.bytes() > maxWaiting && settings.overflow !== 'drop') return roomAgain();
    },
    missing: miss,
    rename(next) {
      try {
        // Also the files of a log that is not open at the moment.
        (disk ?? openDisk()).rename(next);
      } catch (error) {
        log.warn({ module: name, error: messageOf(error) }, 'log could not be renamed');
        disk?.close();
        disk = null;
      }
      name = next;
      marked = null;
      shape();
    },
    update(next) {
      const changed = next.shape !== settings.shape;
      settings = next;
      if (changed) shape();
    },
    dropped: () => dropped,
    trouble: () => trouble,
    async close() {
      while (flushing !== null) await flushing;
      disk?.close();
      disk = null;
      marked = null;
    },
  };

  function miss(bytes: number, loss: Loss): void {
    dropped += bytes;
    queue.miss(bytes, loss);
    flushing ??= flush();
  }

  function shape(): void {
    if (settings.shape !== undefined) shapes.push({ shape: settings.shape, at: clock.now() });
  }

  function roomAgain(): Promise<void> {
    room ??= new Promise((resolve) => {
      release = () => {
        room = release = null;
        resolve();
      };
    });
    return room;
  }

  async function flush(): Promise<void> {
    for (;;) {
      if (queue.bytes() >= flood && queue.bytes() < batch) await gather();
      const next = queue.take(batch);
      if (next === null) break;
      await flushStretch(next);
    }
    flushing = null;
  }

  function gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, gatherMs); // nothing is decided by it
      gathered = () => {
        gathered = null;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function flushStretch({ gaps, pieces }: Stretch): Promise<void> {
    for (const { loss, bytes } of gaps) untold = { ...untold, [loss]: (untold[loss] ?? 0) + bytes };
    const bytes = sizeOf(pieces);
    const tally = { written: 0 };
    await writePieces(pieces, tally).catch((error) => complain(messageOf(error)));
    queue.done(bytes);
    // What came meanwhile is still to be written; reading goes on beside it.
    if (queue.bytes() <= maxWaiting) release?.();
    lose(bytes - tally.written);
  }

  /** Counts what was written; stops at the first that did not go whole. */
  async function writePieces(pieces: readonly Piece[], tally: { written: number }): Promise<void> {
    const limit = settings.maxSize === 0 ? Number.POSITIVE_INFINITY : Math.max(settings.maxSize, smallestSize);
    for (const part of cutToFit(pieces, (disk ?? openDisk()).size(), limit)) {
      if (part.rotate) rotate();
      for (const run of runsOf(part.pieces, markEveryMs)) {
        const count = await ready(run[0]).append(run.map(({ chunk }) => chunk));
        tally.written += count;
        if (count > 0) told();
        if (count < sizeOf(run)) {
          complain('the disk takes no more');
          return;
        }
      }
    }
    if (pieces.length > 0) return;
    tellMissing(disk ?? openDisk(), clock.now());
    disk?.settle();
    told();
  }

  /** The open file, its index told what comes next. */
  function ready(first: Piece): DiskLog {
    const current = disk ?? openDisk();
    const { stream, at } = first;
    if (at - verifiedAt >= verifyEveryMs) {
      verifiedAt = at;
      if (current.verify()) marked = null;
    }
    for (const since of shapes) current.describe(since.shape, since.at);
    shapes = [];
    tellMissing(current, at);
    if (marked === null || marked.stream !== stream || at - marked.at >= markEveryMs || at < marked.at) {
      current.mark({ kind: stream, at });
      marked = { stream, at };
    }
    return current;
  }

  function tellMissing(current: DiskLog, at: number): void {
    for (const [loss, bytes] of Object.entries(untold)) {
      current.mark({ kind: loss as Loss, at, bytes });
      marked = null;
    }
  }

  function told(): void {
    if (trouble !== null) log.info({ module: name, bytes: untold.lost ?? 0 }, 'output is written again');
    trouble = null;
    untold = {};
  }

  function rotate(): void {
    (disk ?? openDisk()).rotate(settings.keep);
    marked = null;
    rotated();
  }

  function openDisk(): DiskLog {
    marked = null;
    disk = openDiskLog(dir, name);
    return disk;
  }

  function lose(bytes: number): void {
    if (bytes === 0) return;
    dropped += bytes;
    untold = { ...untold, lost: (untold.lost ?? 0) + bytes };
  }

  function complain(error: string): void {
    if (trouble === null) log.warn({ module: name, error }, 'output is dropped');
    trouble = error;
    marked = null;
  }
}
