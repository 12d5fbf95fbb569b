import type { Address, Packet, RequestPacket } from '../../../model/bus.ts';
import { streamWindow } from '../../../model/bus.ts';
import type { Asker } from './asker.ts';
import type { Outlet } from './outlet.ts';
import { moveOn, type Served } from './served.ts';

export interface Receivers {
  readonly asker: Asker;
  served(address: unknown): Served | undefined;
  /** Counts a message that a module of this realm got. */
  received(address: unknown, kind: 'response' | 'control'): void;
}

/**
 * Hands out what has come; `outlet` is the way back. What is not as it has to be is passed over, whatever it is. Returns how
 * many requests there were.
 */
export function receive(packets: unknown, outlet: Outlet, receivers: Receivers): number {
  if (!Array.isArray(packets)) return 0;
  let requests = 0;
  for (const packet of packets) {
    if (!Array.isArray(packet)) continue;
    if (packet[0] !== 'request') one(packet as unknown as Exclude<Packet, RequestPacket>, outlet, receivers);
    else if (isRequest(packet)) {
      requests += 1;
      request(packet, outlet, receivers);
    }
  }
  return requests;
}

function request(packet: RequestPacket, outlet: Outlet, { served }: Receivers): void {
  const serving = served(packet[1]);
  if (serving === undefined) moveOn(packet, outlet);
  else serving.arrive(packet, outlet);
}

function one(packet: Exclude<Packet, RequestPacket>, outlet: Outlet, { asker, served, received }: Receivers): void {
  const [kind, to, from] = packet;
  switch (kind) {
    case 'answer':
    case 'part':
    case 'failure':
    case 'moved': {
      const asking = asker.underway(packet[3], to);
      if (asking === undefined) return;
      received(to, kind === 'moved' ? 'control' : 'response');
      if (kind === 'answer') asker.answered(asking, packet[4], packet[5] === true);
      else if (kind === 'part') asking.taker.part(packet[4]);
      else if (kind === 'failure') asker.failed(asking, packet[4]);
      else asker.moved(asking, packet[5]);
      return;
    }
    case 'cancel':
    case 'credit':
    case 'disconnect':
      received(to, 'control');
      if (kind === 'cancel') served(to)?.cancel(from, packet[3]);
      else if (kind === 'credit' && isCredit(packet[4])) served(to)?.credit(from, packet[3], packet[4]);
      else if (kind === 'disconnect' && typeof packet[3] === 'string') served(to)?.disconnected(from, packet[3], outlet);
  }
}

function isRequest(packet: readonly unknown[]): packet is RequestPacket {
  const [, to, from, id, service, topic, , sender] = packet;
  return (
    isAddress(to) &&
    isAddress(from) &&
    typeof id === 'number' &&
    typeof service === 'string' &&
    typeof topic === 'string' &&
    typeof sender === 'string' &&
    topic.startsWith(service) &&
    topic[service.length] === '.'
  );
}

function isAddress(value: unknown): value is Address {
  return typeof value === 'number';
}

function isCredit(count: unknown): boolean {
  return typeof count === 'number' && count > 0 && count <= streamWindow;
}
