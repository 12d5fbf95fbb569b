import type { Packet } from '../../../model/bus.ts';

/** What begins a packet of a batch: these kinds are written out behind it, all others stand in it as they are. */
const [request, answer, part, other] = [0, 1, 2, 3] as const;
/** Added to it where the payload is undefined, for which JSON has nothing. */
const bare = 4;
/** Stands for the text that the request before in the batch had in the same place. */
const same = 0;

/**
 * A batch of packets as it crosses a port: one flat array, in which what requests repeat is left out. Writing and reading
 * clones is most of what a request costs, and this halves it. Nobody looks into it on its way.
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
      flat.push(codeOf(request, packet[6]), to, from, id, service === lastService ? same : service, topic === lastTopic ? same : topic);
      flat.push(packet[6], sender === lastSender ? same : sender);
      lastService = service;
      lastTopic = topic;
      lastSender = sender;
    } else if (kind === 'answer') flat.push(codeOf(answer, packet[4]), to, from, id, packet[4], packet[5] === true);
    else if (kind === 'part') flat.push(codeOf(part, packet[4]), to, from, id, packet[4]);
    else if (kind === 'moved' && packet[5] === undefined) flat.push(other, packet.slice(0, -1));
    else flat.push(other, packet);
  }
  return flat;
}

function codeOf(kind: number, payload: unknown): number {
  return payload === undefined ? kind + bare : kind;
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
    const code: unknown = flat[at];
    switch (code) {
      case request:
      case request + bare:
        if (flat[at + 4] !== same) service = flat[at + 4];
        if (flat[at + 5] !== same) topic = flat[at + 5];
        if (flat[at + 7] !== same) sender = flat[at + 7];
        packets.push(['request', to, from, id, service, topic, code === request ? flat[at + 6] : undefined, sender]);
        at += 8;
        break;
      case answer:
      case answer + bare:
        packets.push(answerOf(to, from, id, code === answer ? flat[at + 4] : undefined, flat[at + 5] === true));
        at += 6;
        break;
      case part:
      case part + bare:
        packets.push(['part', to, from, id, code === part ? flat[at + 4] : undefined]);
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

function answerOf(to: unknown, from: unknown, id: unknown, payload: unknown, ended: boolean): unknown[] {
  return ended ? ['answer', to, from, id, payload, true] : ['answer', to, from, id, payload];
}
