import type { LogRecord } from '../../model/documents.ts';
import type { OutputStream } from './writer.ts';

/** Makes records of raw output. Each stream is put together on its own, so that what came between does not tear a line or a character. */
export interface RecordMaker {
  push(stream: OutputStream, bytes: Buffer, at: number | null): void;
  /** Output is missing here: what was begun does not go on. */
  lost(bytes: number, at: number | null): void;
  /** Lines without an end, as they are. `partial`: they may go on. */
  flush(partial: boolean): void;
  waiting(): boolean;
  /** The finished records, which it forgets. */
  take(): LogRecord[];
}

/** Longer lines come in parts. */
export const longestLine = 64 * 1024;
const lineFeed = 10;
const carriageReturn = 13;
const levels = { stdout: 'info', stderr: 'warn' } as const;

interface Unfinished {
  bytes: Buffer;
  at: number | null;
}

export function createRecordMaker(name: string): RecordMaker {
  const unfinished: Record<OutputStream, Unfinished> = { stdout: nothing(), stderr: nothing() };
  let records: LogRecord[] = [];

  return {
    push(stream, bytes, at) {
      let start = 0;
      for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
        add(stream, bytes.subarray(start, end), at);
        finish(stream, false);
        start = end + 1;
      }
      if (start < bytes.length) add(stream, bytes.subarray(start), at);
    },
    lost(bytes, at) {
      flush(false);
      records.push({ name, at: iso(at), stream: 'muster', level: 'warn', text: `${bytes} bytes of output could not be written` });
    },
    flush,
    waiting: () => unfinished.stdout.bytes.length > 0 || unfinished.stderr.bytes.length > 0,
    take() {
      const taken = records;
      records = [];
      return taken;
    },
  };

  function add(stream: OutputStream, bytes: Buffer, at: number | null): void {
    const line = unfinished[stream];
    if (line.bytes.length === 0) line.at = at;
    line.bytes = line.bytes.length === 0 ? bytes : Buffer.concat([line.bytes, bytes]);
    while (line.bytes.length > longestLine) {
      const cut = startOfCharacter(line.bytes, longestLine);
      record(stream, line.bytes.subarray(0, cut), line.at, true);
      line.bytes = line.bytes.subarray(cut);
    }
  }

  function finish(stream: OutputStream, partial: boolean): void {
    const { bytes, at } = unfinished[stream];
    unfinished[stream] = nothing();
    record(stream, bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes, at, partial);
  }

  function flush(partial: boolean): void {
    for (const stream of ['stdout', 'stderr'] as const) if (unfinished[stream].bytes.length > 0) finish(stream, partial);
  }

  function record(stream: OutputStream, bytes: Buffer, at: number | null, partial: boolean): void {
    const text = bytes.toString('utf8'); // what is not UTF-8 becomes U+FFFD
    records.push({ name, at: iso(at), stream, level: levels[stream], text, ...(partial ? { partial } : {}) });
  }
}

/** The last place up to `limit` where a character begins; `limit` itself if it is no UTF-8. */
function startOfCharacter(bytes: Buffer, limit: number): number {
  for (let at = limit; at > limit - 4; at--) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  return limit;
}

function nothing(): Unfinished {
  return { bytes: Buffer.alloc(0), at: null };
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
