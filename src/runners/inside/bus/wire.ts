import type { Packet } from '../../../model/bus.ts';

/** What begins a packet of a batch: these kinds are written out behind it, all others stand in it as they are. */
const [request, answer, part, other] = [0, 1, 2, 3] as const;
/** Stands for the text that the request before in the batch had in the same place. */
const same = 0;

/**
 * A batch of packets as it crosses a port: one flat array, in which what requests repeat is left out. Writing and reading
 * clones is most of what a request costs, and this halves it. It is between two realms of one runner and nobody else's.
 */
export function pack(packets: readonly Packet[]): unknown[] {
  const flat: unknown[] = [];
  let lastService = '';
  let lastTopic = '';
  let lastSender = '';
  for (const packet of packets) {
    const kind = packet[0];
    const to = packet[1];
    const from = packet[2];
    const id = packet[3];
    if (kind === 'request') {
      const service = packet[4];
      const topic = packet[5];
      const sender = packet[7];
      flat.push(request, to, from, id, service === lastService ? same : service, topic === lastTopic ? same : topic);
      flat.push(packet[6], sender === lastSender ? same : sender);
      lastService = service;
      lastTopic = topic;
      lastSender = sender;
    } else if (kind === 'answer') flat.push(answer, to, from, id, packet[4], packet[5] === true);
    else if (kind === 'part') flat.push(part, to, from, id, packet[4]);
    else flat.push(other, packet);
  }
  return flat;
}

/** Of what was not packed like that comes what can be read, which need not be packets. */
export function unpack(flat: unknown): unknown[] {
  const packets: unknown[] = [];
  if (!Array.isArray(flat)) return packets;
  let service: unknown = '';
  let topic: unknown = '';
  let sender: unknown = '';
  for (let at = 0; at < flat.length; ) {
    const to: unknown = flat[at + 1];
    const from: unknown = flat[at + 2];
    const id: unknown = flat[at + 3];
    switch (flat[at]) {
      case request:
        if (flat[at + 4] !== same) service = flat[at + 4];
        if (flat[at + 5] !== same) topic = flat[at + 5];
        if (flat[at + 7] !== same) sender = flat[at + 7];
        packets.push(['request', to, from, id, service, topic, flat[at + 6], sender]);
        at += 8;
        break;
      case answer:
        packets.push(['answer', to, from, id, flat[at + 4], flat[at + 5]]);
        at += 6;
        break;
      case part:
        packets.push(['part', to, from, id, flat[at + 4]]);
        at += 5;
        break;
      case other:
        packets.push(to);
        at += 2;
        break;
      default:
        return packets;
    }
  }
  return packets;
}
