import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { LogRecord } from '../../model/documents.ts';
import type { Clock } from '../../model/ports.ts';
import { logPath } from './paths.ts';
import { createRecordMaker } from './records.ts';
import { openSource, type Source } from './source.ts';

export interface FollowOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Looks at least this often; what cannot be watched (too many watches) is thereby only late. A line that rests this long unfinished is shown as it is. */
const pollMs = 500;

/** What is written to a log from now on, also over rotations and before its first line. Ends when `signal` aborts. */
export async function* followLogs(dir: string, name: string, { signal, clock = systemClock }: FollowOptions): AsyncGenerator<LogRecord[]> {
  const path = logPath(dir, name);
  const news = watchForNews(dir, name, signal, clock);
  const maker = createRecordMaker(name);
  let source = await openSource(path);
  let position = source?.size() ?? 0;
  try {
    while (!signal.aborted) {
      const before = position;
      // What was rotated away is whole by now: read it to its end, then go on with the next newer one.
      const next: Source | null = await successor(dir, name, source);
      position = await feedNew(source, position, maker);
      if (next !== null) {
        await source?.close();
        source = next;
        position = 0;
        continue;
      }
      const records = maker.take();
      if (records.length > 0) yield records;
      if (position === before && records.length === 0 && !(await news.wait()) && maker.waiting()) maker.flush(true);
    }
  } finally {
    news.close();
    await source?.close();
  }
}

async function feedNew(source: Source | null, from: number, maker: ReturnType<typeof createRecordMaker>): Promise<number> {
  if (source === null) return 0;
  await source.refresh();
  const size = source.size();
  // Emptied by somebody: what is there now is new.
  const start = size < from ? 0 : from;
  if (size > start) await source.feed(start, maker);
  return size;
}

/** The file that follows this one; null while it is the newest. */
async function successor(dir: string, name: string, source: Source | null): Promise<Source | null> {
  const newest = await inodeOf(logPath(dir, name));
  if (newest === null || newest === source?.inode) return null;
  if (source === null) return openSource(logPath(dir, name));
  for (;;) {
    const age = await ageOf(dir, name, source.inode);
    const next = await openSource(logPath(dir, name, age - 1));
    // A rotation in between moves all files on by one, and what was opened is then not the one that follows.
    const before = await inodeOf(logPath(dir, name, age));
    if (before === null || before === source.inode) return next;
    await next?.close();
  }
}

/**
 * How old the file is by now. Where it is gone already, the oldest that is left counts as its successor; what was between is
 * lost. A single age without a file is no end: a rotation under way leaves one.
 */
async function ageOf(dir: string, name: string, inode: number): Promise<number> {
  for (let age = 1; ; age += 1) {
    const found = await inodeOf(logPath(dir, name, age));
    if (found === inode) return age;
    if (found === null && (await inodeOf(logPath(dir, name, age + 1))) === null) return age;
  }
}

function inodeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ ino }) => ino,
    () => null,
  );
}

interface News {
  /** Resolves when something may have been written, or after a while; false if nobody said so. */
  wait(): Promise<boolean>;
  close(): void;
}

function watchForNews(dir: string, name: string, signal: AbortSignal, clock: Clock): News {
  let fresh = false;
  let wake: (() => void) | null = null;
  const own = `${name}.log`;
  const watcher = watchOrNull(dir, (file) => {
    if (file === null || file.startsWith(own)) tell();
  });
  signal.addEventListener('abort', tell, { once: true });
  return {
    async wait() {
      if (!fresh && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = clock.after(pollMs, resolve);
          wake = () => {
            timer.cancel();
            resolve();
          };
        });
      }
      const told = fresh;
      fresh = false;
      wake = null;
      return told;
    },
    close() {
      watcher?.close();
      signal.removeEventListener('abort', tell);
    },
  };

  function tell(): void {
    fresh = true;
    wake?.();
  }
}

function watchOrNull(dir: string, changed: (file: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(dir, { persistent: false }, (_event, file) => changed(file));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
