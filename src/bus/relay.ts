import { type Address, daemonAddress, type Packet, type RequestPacket } from '../model/bus.ts';
import type { Sealed } from '../model/sealed.ts';
import type { Asker } from './asker.ts';
import { asks } from './contacts.ts';
import type { Directory } from './directory.ts';
import { isPacket } from './incoming.ts';
import type { Link } from './link.ts';
import type { Instance } from './module.ts';
import type { Served } from './served.ts';

export interface RelayPorts {
  readonly directory: Directory;
  readonly served: Served;
  /** The daemon itself and clients of the socket. */
  asker(address: Address): Asker | undefined;
}

/** Passes packets on, from one runner to another and to who asks in the daemon. False: it is none, or pretends to be another's. */
export function relay(packet: unknown, link: Link, ports: RelayPorts): boolean {
  if (!isPacket(packet)) return false;
  const from = ports.directory.instance(packet[2]);
  // Nobody waits for what one says that has ended: whoever asked it was told so.
  if (from === undefined) return true;
  if (from.link !== link) return false;
  const [kind, to] = packet;
  if (kind === 'request' && to === daemonAddress) ports.served.request(from, packet);
  else if (kind === 'request') request(packet, from, ports);
  else if (to === daemonAddress && (kind === 'cancel' || kind === 'credit')) ports.served.receive(packet);
  else if (to <= daemonAddress) ports.asker(to)?.receive(packet);
  else ports.directory.instance(to)?.link.packet(packet);
  return true;
}

/** The same with what is sealed; opened is only what is for the daemon, or what nobody can take. Returns how many are refused. */
export function relaySealed(sealed: Sealed, link: Link, ports: RelayPorts): number {
  const { directory } = ports;
  const from = directory.instance(sealed.from);
  if (from === undefined) return 0;
  if (from.link !== link) return 1;
  if (sealed.to < daemonAddress) return toClient(sealed, link, ports);
  const callee = sealed.to > daemonAddress ? directory.instance(sealed.to) : undefined;
  const asking = sealed.requests > 0;
  if (callee === undefined || (asking && directory.takesNone(callee))) {
    return link.open(sealed).filter((packet) => !relay(packet, link, ports)).length;
  }
  if (asking) asks(from, callee);
  callee.link.send(sealed);
  return 0;
}

/** All of them are from and to the same: that is looked at once, not for each. */
function toClient(sealed: Sealed, link: Link, { asker }: RelayPorts): number {
  const client = asker(sealed.to);
  if (client === undefined) return 0;
  let refused = 0;
  for (const packet of link.open(sealed)) {
    if (isPacket(packet)) client.receive(packet);
    else refused += 1;
  }
  return refused;
}

function request(packet: RequestPacket, from: Instance, { directory }: RelayPorts): void {
  const [, to, , id, , topic, payload] = packet;
  const callee = directory.instance(to);
  // Nobody has begun with it: the lookup says who serves it now, once that is known, or why nobody does.
  if (callee === undefined || directory.takesNone(callee)) {
    from.link.packet(['moved', from.address, to, id, topic, payload] satisfies Packet);
    return;
  }
  asks(from, callee);
  callee.link.packet(packet);
}
