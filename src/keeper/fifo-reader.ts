import { closeSync, constants, openSync, read } from 'node:fs';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Clock, Log } from '../model/ports.ts';
import { type Pumped, pump } from './output.ts';

/** The chunk is the receiver's until it returns: then its memory is used again. */
type Deliver = (chunk: Uint8Array) => void | Promise<void>;

const chunkSize = 64 * 1024;
/**
 * All that is read in this way is read into it: it is delivered before anything else is read. More than a pipe holds: a read that
 * fills it would be tried again in vain.
 */
let shared: Buffer | null = null;

/** Reads a named pipe as it comes; its end is when nobody has it open for writing any more. */
export function readFifo(path: string, deliver: Deliver, ports: { readonly clock: Clock; readonly log: Log }): Pumped {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Where no writer is left, its end only shows once one has come and gone.
  closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  shared ??= Buffer.allocUnsafeSlow(2 * chunkSize);
  const buffer = shared;
  return pump((take) => open(fd, buffer, take).resume(), deliver, ports);
}

function open(fd: number, buffer: Buffer, take: (chunk: Buffer) => void): Socket {
  const callback = (count: number): boolean => {
    take(buffer.subarray(0, count));
    return true;
  };
  const options: SocketConstructorOpts & { onread: OnReadOpts } = { fd, readable: true, writable: false, onread: { buffer, callback } };
  return new Socket(options);
}

/** A reader that can be stopped at any byte, for another one to go on from there. */
export interface Drain {
  /** Resolves when all that was read has been delivered. */
  stop(): Promise<void>;
  /** Nobody writes any more: the same when the pipe is empty. */
  finish(): Promise<void>;
}

const lookMs = 20;

/** Looks again and again: nothing is read ahead, as a stream would. */
export function drainFifo(path: string, deliver: Deliver, clock: Clock): Drain {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafeSlow(chunkSize);
  let wanted: 'all' | 'rest' | 'nothing' = 'all';
  let wake: () => void = () => {};
  const done = run().finally(() => closeSync(fd));
  return {
    stop: () => until('nothing'),
    finish: () => until('rest'),
  };

  function until(what: 'rest' | 'nothing'): Promise<void> {
    if (wanted !== 'nothing') wanted = what;
    wake();
    return done;
  }

  async function run(): Promise<void> {
    while (wanted !== 'nothing') {
      const chunk = await readOnce(fd, buffer);
      if (chunk !== null) await deliver(chunk);
      else if (wanted === 'rest') return;
      else if (wanted === 'all') await pause();
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.after(lookMs, resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

/** Null: there is nothing, now or for ever. */
function readOnce(fd: number, buffer: Buffer): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    read(fd, buffer, 0, chunkSize, null, (error, count) => resolve(error === null && count > 0 ? buffer.subarray(0, count) : null));
  });
}
