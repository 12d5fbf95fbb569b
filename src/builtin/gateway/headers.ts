import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { type Field, fail } from '../settings/fields.ts';

/** They belong to one connection; each side has its own. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const hopByHopSet: ReadonlySet<string> = new Set(hopByHop);
export const isHopByHop = (name: string): boolean => hopByHopSet.has(name);

/** Whether what a peer says of whom it stands for is believed. */
export type Trust = (address: string) => boolean;

export function trustOf(networks: readonly string[]): Trust {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const [at, network] of networks.entries()) add(list, { path: ['trustProxies', at], value: network });
  return (address) => list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

function add(list: BlockList, field: Field): void {
  const [address = '', prefix, more] = String(field.value).split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const bits = prefix === undefined ? null : Number(prefix);
  const most = family === 'ipv6' ? 128 : 32;
  if (isIP(address) === 0 || more !== undefined || (bits !== null && !(Number.isInteger(bits) && bits >= 0 && bits <= most))) {
    fail(field, 'is an address or a network such as 10.0.0.0/8');
  }
  if (bits === null) list.addAddress(address, family);
  else list.addSubnet(address, bits, family);
}

/** The headers of a request as a component gets them: without those of the connection, and with who asked. */
export function forwarded(request: IncomingMessage, authority: string, trusts: Trust): IncomingHttpHeaders {
  const { headers, socket } = request;
  const named = headers.connection;
  if (named !== undefined) {
    for (const name of named.toLowerCase().split(/\s*,\s*/)) if (name !== 'close' && !kept.includes(name)) delete headers[name];
  }
  for (const name of hopByHop) if (headers[name] !== undefined && !kept.includes(name)) delete headers[name];
  const { remoteAddress = '' } = socket;
  if (remoteAddress !== '' && trusts(plain(remoteAddress))) {
    headers['x-forwarded-for'] = [headers['x-forwarded-for'], plain(remoteAddress)].filter(Boolean).join(', ');
    headers['x-forwarded-proto'] ??= schemeOf(socket);
    headers['x-forwarded-host'] ??= authority;
  } else {
    if (remoteAddress === '') delete headers['x-forwarded-for'];
    else headers['x-forwarded-for'] = plain(remoteAddress);
    headers['x-forwarded-proto'] = schemeOf(socket);
    headers['x-forwarded-host'] = authority;
    if (headers.forwarded !== undefined) delete headers.forwarded;
  }
  return headers;
}

/** A client must not take these away by naming them in `Connection`. How the body comes is told by two of them. */
const kept = ['host', 'content-length', 'transfer-encoding', 'content-type', 'authorization', 'cookie'];

export function schemeOf(socket: Socket): 'http' | 'https' {
  return 'encrypted' in socket ? 'https' : 'http';
}

/** Of an IPv4 address on a socket for both. */
const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address);
