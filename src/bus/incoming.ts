import type { BusFromRunner, EventPacket, Packet, Traced } from '../model/bus.ts';
import { isSealed } from '../model/sealed.ts';

/**
 * What a runner sends is checked for its shape. Modules do not write to that channel, but they live in the same process as
 * what does, and whatever gets out of hand there must not reach the daemon or other modules.
 */
const shapes: { readonly [K in Packet[0]]: (packet: readonly unknown[]) => boolean } = {
  request: ([, , , id, service, topic, , sender]) => isId(id) && isText(service) && isText(topic) && isText(sender),
  answer: ([, , , id]) => isId(id),
  part: ([, , , id]) => isId(id),
  failure: ([, , , id, error]) => isId(id) && isError(error),
  moved: ([, , , id, topic]) => isId(id) && isText(topic),
  cancel: ([, , , id]) => isId(id),
  credit: ([, , , id, count]) => isId(id) && isCount(count),
  disconnect: ([, , , sender]) => isText(sender),
};

export function isPacket(packet: unknown): packet is Packet {
  if (!Array.isArray(packet) || !isId(packet[1]) || !isId(packet[2])) return false;
  const kind: unknown = packet[0];
  return typeof kind === 'string' && Object.hasOwn(shapes, kind) && shapes[kind as Packet[0]](packet);
}

export function isEvent(event: unknown): event is EventPacket {
  return Array.isArray(event) && isId(event[0]) && isText(event[1]) && isText(event[3]);
}

export function isTraced(record: unknown): record is Traced {
  if (typeof record !== 'object' || record === null) return false;
  const { at, type, topic, from, to, size } = record as Record<string, unknown>;
  return (
    typeof at === 'number' &&
    Number.isFinite(at) &&
    isText(type) &&
    isText(topic) &&
    isId(from) &&
    (to === null || isId(to)) &&
    isCount(size)
  );
}

export function isFromRunner(message: unknown): message is BusFromRunner {
  if (typeof message !== 'object' || message === null) return false;
  const { type, from, call, prefix, service, count, globs, packets, events, records, dropped } = message as Record<string, unknown>;
  switch (type) {
    case 'packets':
      return Array.isArray(packets);
    case 'sealed':
      return isSealed(message);
    case 'events':
      return Array.isArray(events);
    case 'resolve':
      return isId(from) && isId(call) && isText(prefix);
    case 'waiting':
      return isId(from) && isText(prefix) && isCount(count);
    case 'register':
      return isId(from) && isId(call) && isText(service);
    case 'subscribed':
      return Array.isArray(globs) && globs.every(isText);
    case 'traced':
      return Array.isArray(records) && isCount(dropped);
    default:
      return false;
  }
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';

function isError(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    isText((error as { code?: unknown }).code) &&
    isText((error as { message?: unknown }).message)
  );
}
