import { outputWindow } from '../protocol.ts';

type Stream = 'stdout' | 'stderr';

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
  const waiting: { stream: Stream; chunk: Uint8Array }[] = [];
  let hungry: (() => void)[] = [];
  let waitingBytes = 0;
  let underway = 0;
  let dropped = 0;
  let closed = false;

  function advance(window: number): void {
    let sent = 0;
    for (const { stream, chunk } of waiting) {
      if (underway >= window) break;
      sent += 1;
      send(stream, chunk);
      waitingBytes -= chunk.length;
    }
    waiting.splice(0, sent);
    if (waiting.length === 0) sayDropped();
  }

  function send(stream: Stream, chunk: Uint8Array): void {
    underway += chunk.length;
    pass(stream, chunk);
  }

  function sayDropped(): void {
    if (dropped === 0) return;
    send('stderr', encoder.encode(`muster: ${dropped} bytes of output were dropped here: they came faster than they could be written\n`));
    dropped = 0;
  }

  const hasRoom = (): boolean => waiting.length === 0 && underway < outputWindow;

  return {
    write(stream, text) {
      if (closed || text.length === 0) return;
      // A view would be cloned with the whole of the pool that it stands in.
      const chunk = typeof text === 'string' ? encoder.encode(text) : new Uint8Array(text);
      if (hasRoom()) {
        send(stream, chunk);
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
    },
  };
}
