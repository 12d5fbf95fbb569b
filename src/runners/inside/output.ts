import { outputWindow } from '../protocol.ts';

type Stream = 'stdout' | 'stderr';

interface Piece {
  readonly stream: Stream;
  readonly chunk: Uint8Array;
}

/** What a module that shares its thread writes: on its way as far as the other side keeps up, some waits, the rest is dropped. */
export interface Output {
  write(stream: Stream, chunk: string | Uint8Array): void;
  /** False: who can wait should, until `onRoom` calls. */
  hasRoom(): boolean;
  onRoom(fn: () => void): void;
  /** Bytes that have arrived. */
  wrote(bytes: number): void;
  /** It is over: what waits is passed on whatever the window says, and nothing more is taken. */
  close(): void;
}

/** Bytes that may wait beyond the window. */
export const outputBacklog = 4 * outputWindow;

const encoder = new TextEncoder();

export function createOutput(pass: (stream: Stream, chunk: Uint8Array) => void): Output {
  const waiting: Piece[] = [];
  let gathered: Piece[] = [];
  let hungry: (() => void)[] = [];
  let waitingBytes = 0;
  let underway = 0;
  let dropped = 0;
  let closed = false;

  function advance(window: number): void {
    let sent = 0;
    for (const piece of waiting) {
      if (underway >= window) break;
      sent += 1;
      send(piece);
      waitingBytes -= piece.chunk.length;
    }
    waiting.splice(0, sent);
    if (waiting.length === 0) sayDropped();
  }

  /** Lines of one turn go as one. */
  function send(piece: Piece): void {
    underway += piece.chunk.length;
    if (gathered.push(piece) === 1) queueMicrotask(flush);
  }

  function flush(): void {
    const pieces = gathered;
    gathered = [];
    for (const { stream, chunk } of joined(pieces)) pass(stream, chunk);
  }

  function sayDropped(): void {
    if (dropped === 0) return;
    const line = `muster: ${dropped} bytes of output were dropped here: they came faster than they could be written\n`;
    send({ stream: 'stderr', chunk: encoder.encode(line) });
    dropped = 0;
  }

  const hasRoom = (): boolean => waiting.length === 0 && underway < outputWindow;

  return {
    write(stream, text) {
      if (closed || text.length === 0) return;
      // A view would be cloned with the whole of the pool that it stands in.
      const chunk = typeof text === 'string' ? encoder.encode(text) : new Uint8Array(text);
      if (hasRoom()) {
        send({ stream, chunk });
      } else if (dropped > 0 || waitingBytes + chunk.length > outputBacklog) {
        dropped += chunk.length;
      } else {
        waiting.push({ stream, chunk });
        waitingBytes += chunk.length;
      }
    },
    hasRoom,
    onRoom: (fn) => void hungry.push(fn),
    wrote(bytes) {
      underway -= bytes;
      advance(outputWindow);
      if (!hasRoom()) return;
      const fns = hungry;
      hungry = [];
      for (const fn of fns) fn();
    },
    close() {
      closed = true;
      advance(Number.POSITIVE_INFINITY);
      flush();
    },
  };
}

/** What follows each other on one stream becomes one piece. */
function joined(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = [];
  for (let from = 0, to = 0; from < pieces.length; from = to) {
    const stream = pieces[from]?.stream ?? 'stdout';
    let bytes = 0;
    for (to = from; pieces[to]?.stream === stream; to += 1) bytes += pieces[to]?.chunk.length ?? 0;
    all.push({ stream, chunk: concat(pieces.slice(from, to), bytes) });
  }
  return all;
}

function concat(pieces: readonly Piece[], bytes: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first.chunk;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const { chunk } of pieces) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
