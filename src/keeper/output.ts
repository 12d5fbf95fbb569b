import type { Readable } from 'node:stream';
import { messageOf } from '../model/error.ts';
import type { Log } from '../model/ports.ts';

/**
 * Hands on what a pipe gives, chunk by chunk. If `deliver` returns a promise nothing is read until it settles, so that a program
 * that writes faster than its log can take has to wait. Resolves when the pipe has ended.
 */
export function pump(stream: Readable, deliver: (chunk: Uint8Array) => void | Promise<void>, log: Log): Promise<void> {
  stream.on('data', (chunk: Buffer) => {
    try {
      const taken = deliver(chunk);
      if (taken === undefined) return;
      stream.pause();
      taken.catch(complain).finally(() => stream.resume());
    } catch (error) {
      complain(error);
    }
  });
  return new Promise((resolve) => {
    stream.once('close', resolve);
    stream.once('error', () => stream.destroy());
  });

  function complain(error: unknown): void {
    log.error({ error: messageOf(error) }, 'output could not be delivered');
  }
}
