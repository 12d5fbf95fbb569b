import type { Address, Packet } from '../../../model/bus.ts';
import { isSealed, type Sealed } from '../../../model/sealed.ts';
import type { FromRunner } from '../../protocol.ts';
import { open, seal } from '../seal.ts';
import type { Resident } from './realm.ts';

/** Passes on, unopened, what no port between two realms takes. */
export interface Packets {
  fromRealm(sealed: Sealed): void;
  fromDaemon(sealed: Sealed): void;
  /** Of what could not cross to the daemon. */
  back(failure: Packet): void;
}

export interface PacketsOptions {
  readonly residents: ReadonlyMap<Address, Resident>;
  post(message: FromRunner): void;
}

export function createPackets({ residents, post }: PacketsOptions): Packets {
  /** False: there is nobody for it here. Requests are in the queue of their module from here on, also while it hangs. */
  function deliver(sealed: Sealed): boolean {
    const resident = residents.get(sealed.to);
    if (resident === undefined) return false;
    if (sealed.requests > 0) resident.metered.meter.queue(sealed.requests);
    const { content } = sealed;
    // From a channel bytes come as a part of something larger, all of which would be cloned.
    resident.realm.post(typeof content === 'string' ? sealed : { ...sealed, content: new Uint8Array(content) });
    return true;
  }

  function fromRealm(sealed: Sealed): void {
    if (isSealed(sealed) && !deliver(sealed)) post(sealed);
  }

  return {
    fromRealm,
    fromDaemon(sealed) {
      if (deliver(sealed) || sealed.requests === 0) return;
      for (const moved of seal(open(sealed).flatMap(movedOf), () => {})) post(moved);
    },
    back(failure) {
      for (const sealed of seal([failure], () => {})) fromRealm(sealed);
    },
  };
}

/** Who was to serve it has ended in the meantime; the asker may find another one. */
function movedOf(packet: Packet): Packet[] {
  if (packet[0] !== 'request') return [];
  const [, to, from, id, , topic, payload] = packet;
  return [['moved', from, to, id, topic, payload]];
}
