import type { Clock, Log } from '../../model/ports.ts';
import { createRecordMaker, type MaskInParts } from '../logs/records.ts';
import type { LogShape } from '../logs/shape.ts';
import type { OutputStream } from '../logs/writer.ts';

/** Lines of a program as records of the daemon's own log. */
export interface ToDaemon {
  take(stream: OutputStream, chunk: Uint8Array): void;
  /** The last lines, whether they are finished or not. */
  close(): void;
}

export function createToDaemon(
  name: () => string,
  shape: () => LogShape,
  { clock, log, inParts }: { readonly clock: Clock; readonly log: Log; readonly inParts?: MaskInParts | undefined },
): ToDaemon {
  const maker = createRecordMaker('', shape, inParts);
  return {
    take(stream, chunk) {
      maker.push(stream, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), clock.now());
      say();
    },
    close() {
      maker.flush(false);
      say();
    },
  };

  function say(): void {
    for (const { stream, level, text, metadata, partial } of maker.take()) {
      log[level]({ ...metadata, module: name(), stream, ...(partial === true ? { partial } : {}) }, text);
    }
  }
}
