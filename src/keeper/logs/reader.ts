import type { LogRecord } from '../../model/documents.ts';
import type { Clock } from '../../model/ports.ts';
import { createFeed, type Feed } from './feed.ts';
import { newestAfter } from './newest.ts';
import { watchForNews } from './news.ts';
import { shapesPath } from './paths.ts';
import { createRecordMaker, type MaskInParts, type RecordMaker } from './records.ts';
import { openShapes } from './shape.ts';
import { closeAll, openSources, type Source } from './source.ts';
import { lineBefore, startsOf, type Wanted } from './start.ts';

/** What a module wrote: first what there is, oldest first, then what comes. In batches, so that a large log is nowhere in memory. */
export interface LogReader {
  past(): AsyncGenerator<LogRecord[]>;
  /** From where the past ended, over rotations, nothing missed and nothing twice, until `signal`. Only with `follow`. */
  following(signal: AbortSignal): AsyncGenerator<LogRecord[]>;
  close(): Promise<void>;
}

export interface ReaderOptions extends Wanted {
  readonly clock: Clock;
  /** The last line, if it is not finished, is left to `following`; otherwise it is told as it is. */
  readonly follow: boolean;
  /** Takes secrets out of lines that come in parts; the others are left as they are. */
  readonly inParts?: MaskInParts | undefined;
}

export async function openReader(dir: string, name: string, options: ReaderOptions): Promise<LogReader> {
  const { clock, follow, lines, after, inParts } = options;
  const news = follow ? watchForNews(dir, name, clock) : null;
  const shapes = await openShapes(shapesPath(dir, name));
  const all = await openSources(dir, name);
  const starts = lines === 0 ? all.map((source) => source.size()) : await startsOf(all, options);
  const unread = all.filter((source, index) => starts[index] === source.size() && index < all.length - 1);
  await closeAll(unread);
  const parts = all.flatMap((source, index) => (unread.includes(source) ? [] : [{ source, start: starts[index] ?? 0 }]));
  let newest: { source: Source; feed: Feed } | null = null;
  let maker = createRecordMaker(name, shapes.at, inParts);

  return {
    async *past() {
      // What is too much at the beginning is counted first, rather than kept until the end is known.
      let skip = lines === undefined || lines === 0 ? 0 : Math.max(0, (await count()) - lines);
      for await (const batch of records()) {
        if (skip < batch.length) yield batch.slice(skip);
        skip = Math.max(0, skip - batch.length);
      }
    },
    async *following(signal) {
      if (news === null) return;
      const wake = (): void => news.tell();
      signal.addEventListener('abort', wake, { once: true });
      try {
        while (!signal.aborted) {
          const advanced = await goOn();
          const batch = maker.take();
          if (batch.length > 0) yield batch;
          if (!advanced && batch.length === 0 && !(await news.wait()) && maker.waiting()) maker.flush(true);
        }
      } finally {
        signal.removeEventListener('abort', wake);
      }
    },
    async close() {
      news?.close();
      await closeAll(parts.map(({ source }) => source));
      await newest?.source.close();
    },
  };

  async function count(): Promise<number> {
    let counted = 0;
    for await (const batch of records()) counted += batch.length;
    return counted;
  }

  /** All that there was when it was opened. */
  async function* records(): AsyncGenerator<LogRecord[]> {
    const [first] = parts;
    maker = createRecordMaker(name, shapes.at, inParts, first === undefined ? null : await lineBefore(first.source, first.start));
    for (const { source, start } of parts) {
      const feed = await createFeed(source, start);
      newest = { source, feed };
      while (await feed.advance(maker)) yield* young(maker);
    }
    if (!follow) maker.flush(false);
    yield* young(maker);
  }

  function* young(from: RecordMaker): Generator<LogRecord[]> {
    const batch = from.take();
    const enough = after === undefined ? batch : batch.filter(({ at }) => at === null || Date.parse(at) >= after);
    if (enough.length > 0) yield enough;
  }

  /** False: nothing has come since. */
  async function goOn(): Promise<boolean> {
    // What was rotated away is whole by now: it is read to its end before the next newer one.
    const next = await newestAfter(dir, name, newest?.source ?? null);
    const advanced = await feedNew();
    if (next === null || (advanced && newest !== null)) {
      await next?.close();
      return advanced;
    }
    await newest?.source.close();
    newest = { source: next, feed: await createFeed(next, 0) };
    return true;
  }

  async function feedNew(): Promise<boolean> {
    if (newest === null) return false;
    const { source } = newest;
    await source.refresh();
    // Emptied by somebody: what is there now is new.
    if (source.size() < newest.feed.position()) newest = { source, feed: await createFeed(source, 0) };
    await shapes.refresh();
    return newest.feed.advance(maker);
  }
}
