import type { Readable } from 'node:stream';
import { messageOf } from '../model/error.ts';
import type { Clock, Log } from '../model/ports.ts';

/** What comes through a pipe, on its way to where it belongs. */
export interface Pumped {
  /**
   * Nobody writes any more: resolves when all has been delivered, true at the end of the pipe. It may be held open by a process
   * that escaped; what that writes is of no interest, so it is left when nothing comes for a while: false.
   */
  finish(): Promise<boolean>;
  /** Leaves the rest to another reader: resolves when what was read has been delivered, and nothing is read after it. */
  leave(): Promise<void>;
}

const restMs = 1000;
/** No pipe holds more than that when its last writer is gone. */
const largestPipe = 1024 * 1024;

/**
 * Hands on what a pipe gives, chunk by chunk: `open` begins to read it, and calls `take` with what comes. If `deliver` returns a promise nothing is read until it settles, so that a program
 * that writes faster than its log can take has to wait.
 */
export function pump(
  open: (take: (chunk: Buffer) => void) => Readable,
  deliver: (chunk: Uint8Array) => void | Promise<void>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Pumped {
  let moved = false;
  let left = Number.POSITIVE_INFINITY;
  let taking: Promise<void> | null = null;
  let leaving = false;
  let ended = false;
  const stream = open(take);
  stream.once('end', () => (ended = true));
  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.once('error', () => stream.destroy());
  });

  return {
    async finish() {
      left = largestPipe;
      let timer = clock.after(restMs, look);
      await closed;
      timer.cancel();
      return ended;

      function look(): void {
        if ((!moved && taking === null) || left < 0) stream.destroy();
        moved = false;
        timer = clock.after(restMs, look);
      }
    },
    async leave() {
      leaving = true;
      stream.pause();
      await taking;
      // In one turn, so that nothing comes in between: what was read ahead goes to `deliver`, and the pipe is closed.
      stream.read();
      stream.destroy();
      await taking;
    },
  };

  function take(chunk: Buffer): void {
    moved = true;
    left -= chunk.length;
    try {
      const taken = deliver(chunk);
      if (taken === undefined) return;
      stream.pause();
      taking = taken.catch(complain).finally(() => {
        moved = true;
        taking = null;
        if (!leaving) stream.resume();
      });
    } catch (error) {
      complain(error);
    }
  }

  function complain(error: unknown): void {
    log.error({ error: messageOf(error) }, 'output could not be delivered');
  }
}
