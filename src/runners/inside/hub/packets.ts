import type { Address, Packet } from '../../../model/bus.ts';
import type { FromRunner } from '../../protocol.ts';
import type { Realm, Resident } from './realm.ts';

/** Passes packets on that no port between two realms takes. */
export interface Packets {
  fromRealm(packets: readonly Packet[]): void;
  fromDaemon(packets: readonly Packet[]): void;
}

export interface PacketsOptions {
  readonly residents: ReadonlyMap<Address, Resident>;
  post(message: FromRunner): void;
}

export function createPackets({ residents, post }: PacketsOptions): Packets {
  /** Returns those for nobody here. Requests are in the queue of their module from here on, also while it hangs. */
  function deliver(packets: readonly Packet[]): Packet[] {
    const elsewhere: Packet[] = [];
    const byRealm = new Map<Realm, Packet[]>();
    for (const packet of packets) {
      const resident = residents.get(packet[1]);
      if (resident === undefined) {
        elsewhere.push(packet);
        continue;
      }
      const { realm, metered } = resident;
      if (packet[0] === 'request') metered.meter.queue(1);
      if (!byRealm.get(realm)?.push(packet)) byRealm.set(realm, [packet]);
    }
    for (const [realm, own] of byRealm) realm.post({ type: 'packets', packets: own });
    return elsewhere;
  }

  return {
    fromRealm(packets) {
      const elsewhere = deliver(packets);
      if (elsewhere.length > 0) post({ type: 'packets', packets: elsewhere });
    },
    fromDaemon(packets) {
      const unserved = deliver(packets).flatMap(moved);
      if (unserved.length > 0) post({ type: 'packets', packets: unserved });
    },
  };
}

/** Who was to serve it has ended in the meantime; the asker may find another one. */
function moved(packet: Packet): Packet[] {
  if (packet[0] !== 'request') return [];
  const [, to, from, id, , topic, payload] = packet;
  return [['moved', from, to, id, topic, payload]];
}
