import { longestLine } from './records.ts';
import type { Source } from './source.ts';

export interface Wanted {
  /** At most this many records, the last ones. */
  readonly lines?: number | undefined;
  /** None older than this, ms since the epoch. */
  readonly after?: number | undefined;
}

/** Where lines of two streams lie in one another, the last ones begin a little before the last line ends. */
const spareLines = 16;

/** From where each of the files is to be read so that all that is wanted is among it; its size: not at all. */
export async function startsOf(sources: readonly Source[], { lines, after }: Wanted): Promise<number[]> {
  const starts = sources.map((source) => source.size());
  let wanted = lines === undefined ? Number.POSITIVE_INFINITY : lines + spareLines;
  let bytes = lines === undefined ? Number.POSITIVE_INFINITY : wanted * longestLine;
  for (let index = sources.length - 1; index >= 0; index--) {
    const source = sources[index] as Source;
    const oldest = after === undefined ? 0 : await lineStart(source, await source.offsetAt(after));
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

const contextSize = 4096;

/** The end of what stands before `offset` in the line in which it lies; null: a line begins there. */
export async function lineBefore(source: Source, offset: number): Promise<string | null> {
  const bytes = await source.read(Math.max(0, offset - contextSize), offset);
  const text = bytes.subarray(bytes.lastIndexOf(lineFeed) + 1).toString();
  return text === '' ? null : text;
}

/** Where the line begins in which `offset` lies. */
async function lineStart(source: Source, offset: number): Promise<number> {
  const from = Math.max(0, offset - longestLine);
  const at = (await source.read(from, offset)).lastIndexOf(lineFeed);
  return at === -1 ? from : from + at + 1;
}
