import type { IndexEntry } from './index-entry.ts';
import type { RecordMaker } from './records.ts';
import type { Source } from './source.ts';
import type { OutputStream } from './writer.ts';

/** Takes one file of a log to a maker of records, each byte and each entry of its index once, also while the file grows. */
export interface Feed {
  /** Up to the source's size as it was last refreshed, but no more than one block. False: there was nothing left. */
  advance(maker: RecordMaker): Promise<boolean>;
  /** How far it is. */
  position(): number;
}

const blockSize = 256 * 1024;
const entriesAtOnce = 512;

export async function createFeed(source: Source, from: number): Promise<Feed> {
  let done = from;
  let stream: OutputStream = 'stdout';
  let at: number | null = null;
  let next = Math.max(0, (await source.firstWhere(({ offset }) => offset >= from)) - 1);
  let ahead: (IndexEntry | null)[] = [];

  return {
    position: () => done,
    async advance(maker) {
      const [size, before, entry] = [source.size(), done, next];
      for (let room = blockSize; room > 0; ) {
        const known = await upcoming();
        const end = Math.min(size, known?.offset ?? size);
        while (done < end && room > 0) {
          const bytes = await source.read(done, Math.min(end, done + room));
          if (bytes.length === 0) return false; // somebody emptied it
          maker.push(stream, bytes, at);
          done += bytes.length;
          room -= bytes.length;
        }
        if (known === null || known.offset > done) break;
        take(known, maker);
      }
      return done > before || next > entry;
    },
  };

  /** The next whole entry; null: there is none yet. */
  async function upcoming(): Promise<IndexEntry | null> {
    for (;;) {
      if (ahead.length === 0) ahead = await source.readEntries(next, next + entriesAtOnce);
      const [first] = ahead;
      if (first !== null) return first ?? null;
      ahead.shift();
      next += 1;
    }
  }

  function take(known: IndexEntry, maker: RecordMaker): void {
    ahead.shift();
    next += 1;
    at = known.at;
    if ('bytes' in known) {
      if (known.offset >= from) maker.lost(known.kind, known.bytes, at);
    } else stream = known.kind;
  }
}
