import type { MessagePort } from 'node:worker_threads';
import type { Packet } from '../../../model/bus.ts';
import type { Meter } from '../meter.ts';
import type { Tally } from '../tally.ts';
import { pack } from './wire.ts';

/** One side of the way between two realms, as far as it sends. */
export interface SendingSide {
  readonly port: Pick<MessagePort, 'postMessage'>;
  readonly tally: Tally;
  /** It cannot be cloned. */
  refuse(packet: Packet, error: unknown): void;
}

/**
 * Posts packets as one; where something in them cannot be cloned, one by one, so that only that is refused. `queues`: for each
 * request in them, in order, the counter of whom it is for.
 */
export function postTo(side: SendingSide, packets: readonly Packet[], queues: readonly Meter[]): void {
  try {
    post(side, packets, queues);
  } catch {
    let requests = 0;
    for (const packet of packets) {
      const queue = packet[0] === 'request' ? queues[requests++] : undefined;
      try {
        post(side, [packet], queue === undefined ? [] : [queue]);
      } catch (error) {
        side.refuse(packet, error);
      }
    }
  }
}

/** Requests are in the queue of whom they are for before they can be taken off it. */
function post({ port, tally }: SendingSide, packets: readonly Packet[], queues: readonly Meter[]): void {
  const flat = pack(packets);
  let counted = 0;
  for (const packet of packets) if (packet[0] === 'request') tally.add(packet[1], queues[counted++]);
  try {
    port.postMessage(flat);
  } catch (error) {
    for (const queue of queues) queue.queue(-1);
    tally.takeBack(counted);
    throw error;
  }
}
