import { Deserializer, Serializer } from 'node:v8';
import type { Address, Packet } from '../../model/bus.ts';
import { messageOf } from '../../model/error.ts';
import type { Sealed } from '../../model/sealed.ts';

interface Group {
  readonly to: Address;
  readonly from: Address;
  readonly packets: Packet[];
}

/**
 * Packets as they cross from process to process. What cannot be cloned fails alone: instead of a response goes its failure,
 * and the failure of a request is handed `back`.
 */
export function seal(packets: readonly Packet[], back: (failure: Packet) => void): Sealed[] {
  const sealed: Sealed[] = [];
  for (const group of grouped(packets)) {
    try {
      sealed.push(closed(group));
    } catch {
      const clonable = group.packets.flatMap((packet) => insteadOf(packet, back));
      if (clonable.length > 0) sealed.push(closed({ ...group, packets: clonable }));
    }
  }
  return sealed;
}

/** Of what is none, or was written for others, comes nothing. Whether the rest are packets is for the reader to see. */
export function open({ to, from, bytes }: Sealed): Packet[] {
  try {
    const reader = new Deserializer(bytes);
    reader.readHeader();
    const packets: unknown = reader.readValue();
    if (!Array.isArray(packets)) return [];
    return packets.filter((packet) => Array.isArray(packet) && packet[1] === to && packet[2] === from);
  } catch {
    return [];
  }
}

/** By who says it to whom; in order each. */
function grouped(packets: readonly Packet[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  let last: Group | undefined;
  for (const packet of packets) {
    const to = packet[1];
    const from = packet[2];
    if (last === undefined || last.to !== to || last.from !== from) {
      const way = `${to} ${from}`;
      last = groups.get(way);
      if (last === undefined) {
        last = { to, from, packets: [] };
        groups.set(way, last);
      }
    }
    last.packets.push(packet);
  }
  return groups.values();
}

/** Throws where something cannot be cloned. */
function closed({ to, from, packets }: Group): Sealed {
  const writer = new Serializer();
  writer.writeHeader();
  writer.writeValue(packets);
  return { type: 'sealed', to, from, requests: requestsIn(packets), bytes: writer.releaseBuffer() };
}

function requestsIn(packets: readonly Packet[]): number {
  let requests = 0;
  for (const packet of packets) if (packet[0] === 'request') requests += 1;
  return requests;
}

function insteadOf(packet: Packet, back: (failure: Packet) => void): Packet[] {
  try {
    closed({ to: packet[1], from: packet[2], packets: [packet] });
    return [packet];
  } catch (thrown) {
    const [kind, to, from, id] = packet;
    const error = { code: 'EINVAL', message: `it cannot be cloned: ${messageOf(thrown)}` };
    if (kind === 'answer' || kind === 'part' || kind === 'moved') return [['failure', to, from, id, error]];
    if (kind === 'request') back(['failure', from, to, id, error]);
    return [];
  }
}
