import type { Clock, Timer } from '../model/ports.ts';

type Stream = 'stdout' | 'stderr';

/** The last lines of output, for error messages. Both streams, in the order in which their lines ended. */
export interface Tail {
  push(stream: Stream, chunk: Uint8Array): void;
  /** An unfinished last line of a stream counts. */
  lines(): string[];
}

const maxLines = 20;
const maxLineBytes = 1024;
const lineFeed = 10;

const settleMs = 100;

/** Costs next to nothing for a flood: of a chunk only the end is kept, and looked at later, when the next one has made it worthless. */
export function createTail(clock: Clock): Tail {
  const finished: Buffer[] = [];
  const unfinished: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  /** The last lines of a chunk, of each stream at most once. */
  let waiting: { stream: Stream; memory: Buffer; length: number }[] = [];
  let timer: Timer | null = null;

  return {
    push(stream, bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const start = startOfLast(chunk, maxLines);
      if (start === 0) {
        settle();
        absorb(stream, chunk);
        return;
      }
      keepLater(stream, chunk.subarray(start));
      timer ??= clock.after(settleMs, settle);
    },
    lines() {
      settle();
      const rest = [unfinished.stdout, unfinished.stderr].filter((line) => line.length > 0);
      return [...finished, ...rest].slice(-maxLines).map(decode);
    },
  };

  /** There are twenty, so that what was there before is worthless, but for its memory. */
  function keepLater(stream: Stream, lines: Buffer): void {
    const had = waiting.find((other) => other.stream === stream)?.memory;
    const memory = had !== undefined && had.length >= lines.length ? had : Buffer.allocUnsafeSlow(2 * lines.length);
    lines.copy(memory);
    waiting = [...waiting.filter((other) => other.stream !== stream), { stream, memory, length: lines.length }];
    unfinished[stream] = Buffer.alloc(0);
  }

  function settle(): void {
    timer?.cancel();
    timer = null;
    for (const { stream, memory, length } of waiting) absorb(stream, memory.subarray(0, length));
    waiting = [];
  }

  function absorb(stream: Stream, chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed, start); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      finished.push(joined(unfinished[stream], chunk.subarray(start, end)));
      unfinished[stream] = Buffer.alloc(0);
      start = end + 1;
    }
    unfinished[stream] = joined(unfinished[stream], chunk.subarray(start));
    finished.splice(0, finished.length - maxLines);
  }
}

/** Where the last `count` finished lines of a chunk begin; 0 if it has fewer. */
function startOfLast(chunk: Buffer, count: number): number {
  let at = chunk.length;
  for (let left = count; left >= 0; left--) {
    at = at === 0 ? -1 : chunk.lastIndexOf(lineFeed, at - 1);
    if (at === -1) return 0;
  }
  return at + 1;
}

/** A copy, so that a short line does not keep a whole chunk alive; one byte more than is shown, to know that it was cut. */
function joined(head: Buffer, rest: Buffer): Buffer {
  const room = maxLineBytes + 1 - head.length;
  return room <= 0 || rest.length === 0 ? head : Buffer.concat([head, rest.subarray(0, room)]);
}

function decode(line: Buffer): string {
  if (line.length > maxLineBytes) return `${line.toString('utf8', 0, maxLineBytes)}…`;
  return line.toString('utf8', 0, line.at(-1) === 13 ? line.length - 1 : line.length);
}
