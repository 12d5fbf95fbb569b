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

/** Costs next to nothing for a flood: of a chunk only the end is looked at. */
export function createTail(): Tail {
  const finished: string[] = [];
  const unfinished: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  return {
    push(stream, bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let start = startOfLast(chunk, maxLines);
      if (start > 0) unfinished[stream] = Buffer.alloc(0);
      for (let end = chunk.indexOf(lineFeed, start); end !== -1; end = chunk.indexOf(lineFeed, start)) {
        finished.push(decode(joined(unfinished[stream], chunk.subarray(start, end))));
        unfinished[stream] = Buffer.alloc(0);
        start = end + 1;
      }
      unfinished[stream] = joined(unfinished[stream], chunk.subarray(start));
      finished.splice(0, finished.length - maxLines);
    },
    lines() {
      const rest = [unfinished.stdout, unfinished.stderr].filter((line) => line.length > 0);
      return [...finished, ...rest.map(decode)].slice(-maxLines);
    },
  };
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
  return room <= 0 ? head : Buffer.concat([head, rest.subarray(0, room)]);
}

function decode(line: Buffer): string {
  if (line.length > maxLineBytes) return `${line.toString('utf8', 0, maxLineBytes)}…`;
  return line.toString('utf8', 0, line.at(-1) === 13 ? line.length - 1 : line.length);
}
