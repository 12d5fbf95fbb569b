import type { Packet } from '../../../model/bus.ts';

/**
 * What stands in a batch, each with what follows it. `way` and `subject` hold for all that comes after them: most packets of a
 * batch are from the same to the same, and most requests of it ask for the same.
 */
const [way, subject, request, answer, end, part, other] = [0, 1, 2, 3, 4, 5, 6] as const;
/** Added where the payload is undefined and left out: JSON has nothing for it. */
const bare = 8;

/**
 * A batch of packets as it crosses a port: one flat array, in which what they repeat is left out. Writing and reading clones is
 * most of what a request costs, and this halves it. Nobody looks into it on its way.
 */
export function pack(packets: readonly Packet[]): unknown[] {
  const flat: unknown[] = [];
  let to: unknown;
  let from: unknown;
  let service: unknown;
  let topic: unknown;
  let sender: unknown;
  for (const packet of packets) {
    const kind = packet[0];
    if (kind !== 'request' && kind !== 'answer' && kind !== 'part') {
      flat.push(other, kind === 'moved' && packet[5] === undefined ? packet.slice(0, -1) : packet);
      continue;
    }
    if (packet[1] !== to || packet[2] !== from) {
      to = packet[1];
      from = packet[2];
      flat.push(way, to, from);
    }
    if (kind !== 'request') {
      add(flat, kind === 'part' ? part : packet[5] === true ? end : answer, packet[3], packet[4]);
      continue;
    }
    if (packet[4] !== service || packet[5] !== topic || packet[7] !== sender) {
      service = packet[4];
      topic = packet[5];
      sender = packet[7];
      flat.push(subject, service, topic, sender);
    }
    add(flat, request, packet[3], packet[6]);
  }
  return flat;
}

function add(flat: unknown[], code: number, id: number, payload: unknown): void {
  if (payload === undefined) flat.push(code + bare, id);
  else flat.push(code, id, payload);
}

/** Of what was not packed like that comes what can be read, which need not be packets. */
export function unpack(flat: unknown): unknown[] {
  const packets: unknown[] = [];
  if (!Array.isArray(flat)) return packets;
  let to: unknown;
  let from: unknown;
  let service: unknown;
  let topic: unknown;
  let sender: unknown;
  for (let at = 0; at < flat.length; ) {
    const code: unknown = flat[at];
    const id: unknown = flat[at + 1];
    const payload: unknown = flat[at + 2];
    at += 3;
    switch (code) {
      case way:
        to = id;
        from = payload;
        break;
      case subject:
        service = id;
        topic = payload;
        sender = flat[at];
        at += 1;
        break;
      case request:
        packets.push(['request', to, from, id, service, topic, payload, sender]);
        break;
      case answer:
        packets.push(['answer', to, from, id, payload]);
        break;
      case end:
        packets.push(['answer', to, from, id, payload, true]);
        break;
      case part:
        packets.push(['part', to, from, id, payload]);
        break;
      default:
        at -= 1;
        if (code === other) packets.push(id);
        else if (code === request + bare) packets.push(['request', to, from, id, service, topic, undefined, sender]);
        else if (code === answer + bare) packets.push(['answer', to, from, id, undefined]);
        else if (code === end + bare) packets.push(['answer', to, from, id, undefined, true]);
        else if (code === part + bare) packets.push(['part', to, from, id, undefined]);
        else return packets;
    }
  }
  return packets;
}
