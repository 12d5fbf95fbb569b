import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../model/ports.ts';
import { createLines } from './lines.ts';

/** A message is no file. */
const mostLineBytes = 4 * 1024 * 1024;
/** What is taken at most within a window; the rest waits where it is sent. */
const windowMs = 100;
const mostMessages = 5000;
const mostBytes = 16 * 1024 * 1024;
/** Of lines that are no JSON. */
const mostMalformed = 100;
/** What may wait for a package that reads nothing. */
const mostUnsent = 4 * 1024 * 1024;

export interface ChannelOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  receive(message: unknown): void;
  malformed(): void;
  /** Why it was closed on this side; null: the other has. */
  closed(why: string | null): void;
}

/** Messages with a program as Node has them between processes: each a line of JSON. */
export interface Channel {
  /** False if it is not taken: the program reads nothing, or the channel is closed. */
  send(message: unknown): boolean;
  close(): void;
  /** Resolves when all that was sent has been received. */
  readonly over: Promise<void>;
}

/** No message harms anybody: each has a bound, all of them have one in time, and who sends what is none is not listened to for long. */
export function openChannel({ socket, clock, receive, malformed, closed }: ChannelOptions): Channel {
  let bad = 0;
  let taken = { messages: 0, bytes: 0 };
  let timer: Timer | null = null;
  let why: string | null = null;
  const lines = createLines(mostLineBytes, (line) => {
    taken.messages += 1;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      malformed();
      bad += 1;
      return;
    }
    receive(message);
  });

  socket.on('data', (chunk: Buffer) => {
    if (why !== null) return;
    taken.bytes += chunk.length;
    timer ??= clock.after(windowMs, () => {
      timer = null;
      taken = { messages: 0, bytes: 0 };
      socket.resume();
    });
    if (!lines(chunk)) cutOff(`sent a message of more than ${mostLineBytes / 1024 ** 2} MiB`);
    else if (bad > mostMalformed) cutOff('sent too much that is no message');
    else if (taken.messages > mostMessages || taken.bytes > mostBytes) socket.pause();
  });
  socket.on('error', () => {});
  const over = new Promise<void>((resolve) => {
    socket.once('close', () => {
      timer?.cancel();
      closed(why);
      resolve();
    });
  });

  return {
    send(message) {
      if (socket.destroyed || socket.writableLength > mostUnsent) return false;
      socket.write(`${JSON.stringify(message)}\n`);
      return true;
    },
    close: () => void socket.destroy(),
    over,
  };

  function cutOff(reason: string): void {
    why = reason;
    socket.destroy();
  }
}
