import type { LogRecord } from '../../model/documents.ts';
import { createRecordMaker, longestLine } from './records.ts';
import { closeAll, openSources, type Source } from './source.ts';

export { followLogs } from './follow.ts';

export interface ReadOptions {
  /** At most this many records, the last ones. */
  readonly lines?: number;
  /** None older than this many ms. */
  readonly sinceMs?: number;
  /** The present, ms since the epoch. */
  readonly now?: number;
}

/**
 * The captured output of a module as records, oldest first, over all its files; empty if there is none. Reads from the end as
 * much as is needed. The last line counts though it is not finished.
 */
export async function readLogs(dir: string, name: string, { lines, sinceMs, now = Date.now() }: ReadOptions = {}): Promise<LogRecord[]> {
  if (lines === 0) return [];
  const sources = await openSources(dir, name);
  try {
    const maker = createRecordMaker(name);
    const after = sinceMs === undefined ? null : now - sinceMs;
    const starts = await startsOf(sources, lines, after);
    for (const [index, source] of sources.entries()) await source.feed(starts[index] ?? 0, maker);
    maker.flush(false);
    const records = after === null ? maker.take() : maker.take().filter(({ at }) => at === null || Date.parse(at) >= after);
    return lines === undefined ? records : records.slice(-lines);
  } finally {
    await closeAll(sources);
  }
}

/** Where lines of two streams lie in one another, the last ones begin a little before the last line ends. */
const spareLines = 16;

/** From where each of the files is to be read. */
async function startsOf(sources: readonly Source[], lines: number | undefined, after: number | null): Promise<number[]> {
  const starts = sources.map((source) => source.size());
  let wanted = lines === undefined ? Number.POSITIVE_INFINITY : lines + spareLines;
  let bytes = lines === undefined ? Number.POSITIVE_INFINITY : wanted * longestLine;
  for (let index = sources.length - 1; index >= 0; index--) {
    const source = sources[index] as Source;
    const oldest = after === null ? 0 : await lineStart(source, await source.offsetAt(after));
    const { start, found } = await back(source, oldest, wanted, bytes);
    starts[index] = start;
    wanted -= found;
    bytes -= source.size() - start;
    // In a line: it began earlier than what is wanted, or is longer than all that is wanted.
    if (start > 0) break;
  }
  return starts;
}

const blockSize = 64 * 1024;
const lineFeed = 10;

/** Goes back from the end over `wanted` line ends, but not below `oldest` nor by more than `bytes`. */
async function back(source: Source, oldest: number, wanted: number, bytes: number): Promise<{ start: number; found: number }> {
  const lowest = Math.max(oldest, source.size() - bytes);
  if (!Number.isFinite(wanted)) return { start: lowest, found: 0 };
  let found = 0;
  for (let end = source.size(); end > lowest; end = Math.max(lowest, end - blockSize)) {
    const block = await source.read(Math.max(lowest, end - blockSize), end);
    for (let at = block.lastIndexOf(lineFeed); at !== -1; at = at === 0 ? -1 : block.lastIndexOf(lineFeed, at - 1)) {
      found += 1;
      if (found > wanted) return { start: Math.max(lowest, end - blockSize) + at + 1, found };
    }
  }
  return { start: lowest, found };
}

/** Where the line begins in which `offset` lies. */
async function lineStart(source: Source, offset: number): Promise<number> {
  const from = Math.max(0, offset - longestLine);
  const at = (await source.read(from, offset)).lastIndexOf(lineFeed);
  return at === -1 ? from : from + at + 1;
}
