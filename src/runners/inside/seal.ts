import { type Address, daemonAddress, type Packet } from '../../model/bus.ts';
import { MusterError, messageOf, toWire, type WireError } from '../../model/error.ts';
import { toJson } from '../../model/json.ts';
import type { Sealed } from '../../model/sealed.ts';
import { pack, unpack } from './bus/wire.ts';
import { v8 } from './on-demand.ts';

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
export function open({ to, from, content }: Sealed): Packet[] {
  if (isJson(to, from) !== (typeof content === 'string')) return [];
  try {
    const flat: unknown = typeof content === 'string' ? JSON.parse(content) : readClone(content);
    return unpack(flat).filter((packet): packet is Packet => Array.isArray(packet) && packet[1] === to && packet[2] === from);
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
  const content = isJson(to, from) ? JSON.stringify(pack(packets.map(forClient))) : writeClone(packets);
  return { type: 'sealed', to, from, requests: requestsIn(packets), content };
}

/**
 * What clients of the socket say and hear is JSON: it crosses as such, which takes half as long as a clone. More than that, V8
 * keeps what it has cloned by a Serializer until the next full collection; that alone cost the daemon 1 µs a request.
 */
function isJson(to: Address, from: Address): boolean {
  return to < daemonAddress || from < daemonAddress;
}

/** What modules answer is more than JSON can hold. */
function forClient(packet: Packet): Packet {
  if (packet[0] !== 'answer' && packet[0] !== 'part') return packet;
  const [, to, from, id, payload] = packet;
  const json = toJson(payload);
  if (json === payload) return packet;
  if (packet[0] === 'part') return ['part', to, from, id, json];
  return packet[5] === true ? ['answer', to, from, id, json, true] : ['answer', to, from, id, json];
}

function writeClone(packets: readonly Packet[]): Uint8Array {
  const writer = new (v8().Serializer)();
  writer.writeHeader();
  writer.writeValue(pack(packets));
  return writer.releaseBuffer();
}

function readClone(bytes: Uint8Array): unknown {
  const reader = new (v8().Deserializer)(bytes);
  reader.readHeader();
  return reader.readValue();
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
    const error = errorOf(thrown);
    if (kind === 'answer' || kind === 'part' || kind === 'moved') return [['failure', to, from, id, error]];
    if (kind === 'request') back(['failure', from, to, id, error]);
    return [];
  }
}

function errorOf(thrown: unknown): WireError {
  return thrown instanceof MusterError ? toWire(thrown) : { code: 'EINVAL', message: `it cannot be cloned: ${messageOf(thrown)}` };
}
