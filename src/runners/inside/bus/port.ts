import type { MessagePort } from 'node:worker_threads';
import type { Packet } from '../../../model/bus.ts';
import type { Meter } from '../meter.ts';
import { pack } from './wire.ts';

/**
 * Posts packets as one; where something in them cannot be cloned, one by one, so that only that is refused. `queues`: for each
 * request in them, in order, the counter of whom it is for.
 */
export function postTo(
  port: Pick<MessagePort, 'postMessage'>,
  packets: readonly Packet[],
  queues: readonly Meter[],
  refuse: (packet: Packet, error: unknown) => void,
): void {
  try {
    post(port, packets, queues);
  } catch {
    let requests = 0;
    for (const packet of packets) {
      const queue = packet[0] === 'request' ? queues[requests++] : undefined;
      try {
        post(port, [packet], queue === undefined ? [] : [queue]);
      } catch (error) {
        refuse(packet, error);
      }
    }
  }
}

/**
 * A thread that is ended by force stops between any two steps. What it has counted and not sent would be counted for ever, so
 * nothing comes between the two.
 */
function post(port: Pick<MessagePort, 'postMessage'>, packets: readonly Packet[], queues: readonly Meter[]): void {
  const flat = pack(packets);
  count(queues, 1);
  try {
    port.postMessage(flat);
  } catch (error) {
    count(queues, -1);
    throw error;
  }
}

/** The last step is that of the counter: ended can a thread be wherever it goes around or calls. */
function count(queues: readonly Meter[], step: 1 | -1): void {
  let queue = queues[0];
  let requests = 0;
  for (const next of queues) {
    if (next !== queue) {
      queue?.queue(step * requests);
      queue = next;
      requests = 0;
    }
    requests += 1;
  }
  queue?.queue(step * requests);
}
