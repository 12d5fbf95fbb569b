import { closeSync, constants, openSync, read } from 'node:fs';
import { Socket } from 'node:net';
import type { Clock, Log } from '../model/ports.ts';
import { type Pumped, pump } from './output.ts';

type Deliver = (chunk: Uint8Array) => void | Promise<void>;

/** Reads a named pipe as it comes; its end is when nobody has it open for writing any more. */
export function readFifo(path: string, deliver: Deliver, ports: { readonly clock: Clock; readonly log: Log }): Pumped {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Where no writer is left, its end only shows once one has come and gone.
  closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  return pump(new Socket({ fd, readable: true, writable: false }), deliver, ports);
}

/** A reader that can be stopped at any byte, for another one to go on from there. */
export interface Drain {
  /** Resolves when all that was read has been delivered. */
  stop(): Promise<void>;
  /** Nobody writes any more: the same when the pipe is empty. */
  finish(): Promise<void>;
}

const chunkSize = 64 * 1024;
const lookMs = 20;

/** Looks again and again: nothing is read ahead, as a stream would. */
export function drainFifo(path: string, deliver: Deliver, clock: Clock): Drain {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
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
      const chunk = await readOnce(fd);
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
function readOnce(fd: number): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const buffer = Buffer.allocUnsafe(chunkSize);
    read(fd, buffer, 0, chunkSize, null, (error, count) => resolve(error === null && count > 0 ? buffer.subarray(0, count) : null));
  });
}
