import { messageOf } from '../../model/error.ts';
import type { Clock, Log } from '../../model/ports.ts';
import { cutToFit, type Piece, runsOf, sizeOf } from './cut.ts';
import { type DiskLog, openDiskLog } from './disk-log.ts';
import type { LogSettings, OutputStream } from './writer.ts';

export interface LogFile {
  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  rename(name: string): void;
  update(settings: LogSettings): void;
  dropped(): number;
  /** Writes what waits and lets go of the files; the next write opens them again. */
  close(): Promise<void>;
}

/** What may wait for the disk before writers have to. */
const maxWaiting = 512 * 1024;
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
  { clock, log }: { clock: Clock; log: Log },
): LogFile {
  let name = initialName;
  let settings = initialSettings;
  let disk: DiskLog | null = null;
  let waiting: Piece[] = [];
  let waitingBytes = 0;
  let flushing: Promise<void> | null = null;
  let room: Promise<void> | null = null;
  let release: (() => void) | null = null;
  let marked: { stream: OutputStream; at: number } | null = null;
  let verifiedAt = 0;
  let dropped = 0;
  /** Bytes dropped that the index does not tell of yet. */
  let untold = 0;

  return {
    write(stream, chunk) {
      if (chunk.length === 0) return;
      waiting.push({ stream, chunk, at: clock.now() });
      waitingBytes += chunk.length;
      flushing ??= flush();
      if (waitingBytes > maxWaiting) return roomAgain();
    },
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
    },
    update(next) {
      settings = next;
    },
    dropped: () => dropped,
    async close() {
      while (flushing !== null) await flushing;
      disk?.close();
      disk = null;
      marked = null;
    },
  };

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
    while (waiting.length > 0) {
      const pieces = waiting;
      waiting = [];
      const bytes = sizeOf(pieces);
      const tally = { written: 0 };
      await writePieces(pieces, tally).catch((error) => complain(messageOf(error)));
      waitingBytes -= bytes;
      // What came meanwhile is still to be written; reading goes on beside it.
      if (waitingBytes <= maxWaiting) release?.();
      lose(bytes - tally.written);
    }
    flushing = null;
  }

  /** Counts what was written; stops at the first that did not go whole. */
  async function writePieces(pieces: readonly Piece[], tally: { written: number }): Promise<void> {
    const limit = settings.maxSize === 0 ? Number.POSITIVE_INFINITY : Math.max(settings.maxSize, smallestSize);
    for (const batch of cutToFit(pieces, (disk ?? openDisk()).size(), limit)) {
      if (batch.rotate) rotate();
      for (const run of runsOf(batch.pieces, markEveryMs)) {
        const telling = untold;
        const count = await ready(run[0]).append(run.map(({ chunk }) => chunk));
        tally.written += count;
        if (count > 0 && telling > 0) {
          untold -= telling;
          log.info({ module: name, bytes: telling }, 'output is written again');
        }
        if (count < sizeOf(run)) {
          complain('the disk takes no more');
          return;
        }
      }
    }
  }

  /** The open file, its index told what comes next. */
  function ready(first: Piece): DiskLog {
    const current = disk ?? openDisk();
    const { stream, at } = first;
    if (at - verifiedAt >= verifyEveryMs) {
      verifiedAt = at;
      if (current.verify()) marked = null;
    }
    if (untold > 0) current.mark({ kind: 'lost', at, bytes: untold });
    if (marked === null || marked.stream !== stream || at - marked.at >= markEveryMs || at < marked.at) {
      current.mark({ kind: stream, at });
      marked = { stream, at };
    }
    return current;
  }

  function rotate(): void {
    (disk ?? openDisk()).rotate(settings.keep);
    marked = null;
  }

  function openDisk(): DiskLog {
    marked = null;
    disk = openDiskLog(dir, name);
    return disk;
  }

  function lose(bytes: number): void {
    dropped += bytes;
    untold += bytes;
  }

  function complain(error: string): void {
    if (untold === 0) log.warn({ module: name, error }, 'output is dropped');
    marked = null;
  }
}
