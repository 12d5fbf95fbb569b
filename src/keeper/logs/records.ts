import type { LogRecord } from '../../model/documents.ts';
import type { LogLevel } from '../../model/log-level.ts';
import type { PartsMask } from '../../model/mask/mask.ts';
import { wholeCharacters } from './characters.ts';
import type { LogShape, ShapeAt } from './shape.ts';
import type { Loss, OutputStream } from './writer.ts';

/** Makes records of raw output. Each stream is put together on its own, so that what came between does not tear a line or a character. */
export interface RecordMaker {
  push(stream: OutputStream, bytes: Buffer, at: number | null): void;
  /** Output is missing here: what was begun does not go on. */
  lost(loss: Loss, bytes: number, at: number | null): void;
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

const why: Record<Loss, string> = {
  lost: 'could not be written',
  dropped: 'were dropped: they came faster than they could be written',
  withheld: 'were left out: a transform took too long over them',
};

interface Unfinished {
  bytes: Buffer;
  at: number | null;
  /** Of an earlier part of the line, which is a record already. */
  level: LogLevel | null;
  /** Takes secrets out of a line that comes in parts; null: there was no part yet. */
  mask: PartsMask | null;
}

/** One for each line that comes in parts. `before`: what of it stands before the output that is read. */
export type MaskInParts = (before?: string) => PartsMask;

const unmasked: PartsMask = { next: (part) => part, waits: false };

/** `before`: of the line in whose middle the output begins. */
export function createRecordMaker(
  name: string,
  shapeAt: ShapeAt,
  inParts: MaskInParts = () => unmasked,
  before: string | null = null,
): RecordMaker {
  const begun = (): Unfinished => ({ ...nothing(), mask: before === null ? null : inParts(before) });
  const unfinished: Record<OutputStream, Unfinished> = { stdout: begun(), stderr: begun() };
  let records: LogRecord[] = [];

  return {
    push(stream, bytes, at) {
      let start = 0;
      for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
        add(stream, bytes.subarray(start, end), at);
        finish(stream);
        start = end + 1;
      }
      // A copy: the memory of the rest is not ours for longer.
      if (start < bytes.length) add(stream, Buffer.from(bytes.subarray(start)), at);
    },
    lost(loss, bytes, at) {
      flush(false);
      records.push({ name, at: iso(at), stream: 'muster', level: 'warn', text: `${bytes} bytes of output ${why[loss]}` });
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
    if (line.bytes.length === 0 && line.level === null) line.at = at;
    line.bytes = line.bytes.length === 0 ? bytes : Buffer.concat([line.bytes, bytes]);
    while (line.bytes.length > longestLine) {
      const cut = wholeCharacters(line.bytes.subarray(0, longestLine));
      record(stream, line.bytes.subarray(0, cut), true);
      line.bytes = line.bytes.subarray(cut);
    }
  }

  function finish(stream: OutputStream): void {
    const { bytes } = unfinished[stream];
    record(stream, bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes, false);
    unfinished[stream] = nothing();
  }

  function flush(partial: boolean): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const line = unfinished[stream];
      if (line.bytes.length === 0 && (partial || line.mask?.waits !== true)) continue;
      const cut = wholeCharacters(line.bytes);
      if (!partial) finish(stream);
      else if (cut > 0) {
        record(stream, line.bytes.subarray(0, cut), true);
        line.bytes = line.bytes.subarray(cut);
      }
    }
  }

  function record(stream: OutputStream, bytes: Buffer, partial: boolean): void {
    const line = unfinished[stream];
    const shape = shapeAt(line.at);
    const written = bytes.toString('utf8'); // what is not UTF-8 becomes U+FFFD
    const first = line.level === null;
    const { level, text: plain } = line.level === null ? leveled(stream, written, shape) : { level: line.level, text: written };
    line.level = level;
    if (partial) line.mask ??= inParts();
    const text = line.mask?.next(plain, !partial) ?? plain;
    records.push({
      name,
      at: iso(line.at),
      stream,
      level,
      text: first ? shape.prefix + text : text,
      ...(Object.keys(shape.metadata).length > 0 ? { metadata: shape.metadata } : {}),
      ...(partial ? { partial } : {}),
    });
  }
}

/** The levels of `ctx.log` that its stream does not tell. */
const named: Record<OutputStream, LogLevel> = { stdout: 'debug', stderr: 'error' };

function leveled(stream: OutputStream, text: string, shape: LogShape): { level: LogLevel; text: string } {
  const usual = stream === 'stdout' ? shape.level : shape.stderrLevel;
  const other = named[stream];
  if (shape.named !== true || !text.startsWith(`${other}: `)) return { level: usual, text };
  return { level: other, text: text.slice(other.length + 2) };
}

function nothing(): Unfinished {
  return { bytes: Buffer.alloc(0), at: null, level: null, mask: null };
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
