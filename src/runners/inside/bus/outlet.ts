import type { Packet } from '../../../model/bus.ts';
import type { Meter } from '../meter.ts';
import { mostPackets } from '../tally.ts';
import type { Turn } from './turn.ts';

/**
 * What goes the same way in one turn goes as one; many packets or large ones go before its end. Over the runner more than over
 * a port: there a message costs more than what it spares the other side of waiting.
 */
const mostRelayed = 128;
const mostBytes = 1024 * 1024;

/**
 * A way that packets go: a port to another realm, the own realm, the runner, which passes them on, or from hand to hand, where nothing is copied.
 * Over a port the asker
 * adds to the queue of the module asked, and over the runner that does; what comes from the own realm is added where it waits.
 */
export interface Outlet {
  readonly kind: 'port' | 'here' | 'relay' | 'hand';
  /** `size` is that of its payload, where that counts; `queue` the counter that a request is added to when it goes. */
  add(packet: Packet, size?: number, queue?: Meter | null): void;
}

export interface Outlets {
  /** `queues`: those of the requests among the packets, in order. */
  create(kind: Exclude<Outlet['kind'], 'hand'>, post: (packets: readonly Packet[], queues: readonly Meter[]) => void): Outlet;
}

export function createOutlets(turn: Turn): Outlets {
  let filled: (() => void)[] = [];

  turn.atEnd(() => {
    if (filled.length === 0) return;
    const flushes = filled;
    filled = [];
    for (const flush of flushes) flush();
  });

  return {
    create(kind, post) {
      const most = kind === 'relay' ? mostRelayed : mostPackets;
      let packets: Packet[] = [];
      let queues: Meter[] = [];
      let bytes = 0;
      function flush(): void {
        if (packets.length === 0) return;
        const [batch, counted] = [packets, queues];
        packets = [];
        queues = [];
        bytes = 0;
        post(batch, counted);
      }
      return {
        kind,
        add(packet, size = 0, queue = null) {
          bytes += size;
          if (queue !== null) queues.push(queue);
          const count = packets.push(packet);
          if (count === 1) {
            filled.push(flush);
            turn.wake();
          } else if (count >= most || bytes >= mostBytes) flush();
        },
      };
    },
  };
}
