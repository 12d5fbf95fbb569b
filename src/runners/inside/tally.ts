import type { Address } from '../../model/bus.ts';
import type { Meter } from './meter.ts';

/** Packets of one batch over a port. */
export const mostPackets = 16;

/**
 * The requests that one realm has counted on their way over a port, in memory that the other side reads too. A thread that is
 * ended by force may have counted what it never sent: at most the last batch, so it is known of as many for whom they were.
 */
export interface Tally {
  /** Counts one more, for the module with that address and queue. */
  add(to: Address, queue: Meter | undefined): void;
  /** The last ones have not gone. */
  takeBack(count: number): void;
  /** For whom those were that are beyond so many. */
  beyond(received: number): Address[];
}

export function createTallyBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + mostPackets) * Float64Array.BYTES_PER_ELEMENT);
}

export function openTally(buffer: SharedArrayBuffer): Tally {
  const numbers = new Float64Array(buffer);
  const counted = (): number => numbers[mostPackets] ?? 0;
  return {
    add(to, queue) {
      const count = counted();
      numbers[count % mostPackets] = to;
      queue?.queue(1);
      // A thread is ended only where it calls something or goes around a loop, so not between these two.
      numbers[mostPackets] = count + 1;
    },
    takeBack(count) {
      numbers[mostPackets] = counted() - count;
    },
    beyond(received) {
      const lost: Address[] = [];
      for (let count = Math.max(received, counted() - mostPackets); count < counted(); count++)
        lost.push(numbers[count % mostPackets] ?? 0);
      return lost;
    },
  };
}
