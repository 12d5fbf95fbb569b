import { BlockList, isIP, isIPv4 } from 'node:net';
import { type Address, addressText } from '../../model/address.ts';
import type { Context } from '../../model/context.ts';
import { BadConfig, type Field, readFields } from '../settings/fields.ts';

export type Listen = Extract<Address, { host: string }>;

export interface Settings {
  readonly listen: Listen;
  /** Who may ask. */
  allows(address: string): boolean;
  /** What who asks has to show; null: nothing. */
  readonly token: string | null;
  /** What paths begin with; empty, or with a slash in front and none behind. */
  readonly prefix: string;
}

const defaultListen = '127.0.0.1:9464'; // 9464 is what exporters without a port of their own use

/** Throws all that is wrong with a config. */
export function settingsOf(config: Context['config']): Settings {
  const { listen, token, prefix, allow } = readFields<Readers>(config, [], readers);
  if (allow === null && token === null && !isLoopback(listen.host)) {
    throw bad('listen', `${addressText(listen)} can be reached from other machines: say who may ask (allow: [10.0.0.0/8]), or set a token`);
  }
  return { listen, token, prefix, allows: (address) => allow === null || isIn(allow, address) };
}

interface Readers extends Pick<Settings, 'listen' | 'token' | 'prefix'> {
  readonly allow: BlockList | null;
}

const readers = {
  listen: ({ value }: Field) => listenOf(value ?? defaultListen),
  allow: ({ value }: Field) => (value === undefined || value === null ? null : allowOf(value)),
  token: ({ value }: Field) => tokenOf(value),
  prefix: ({ value }: Field) => prefixOf(value ?? ''),
};

export function urlOf({ listen, prefix }: Pick<Settings, 'listen' | 'prefix'>, path = '/'): string {
  return `http://${addressText(listen)}${prefix}${path}`;
}

function bad(key: string, text: string): BadConfig {
  return new BadConfig([{ path: [key], message: `config.${key}: ${text}` }]);
}

function listenOf(value: unknown): Listen {
  const [, bracketed, plain, digits] = (typeof value === 'string' && /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(value)) || [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    throw bad('listen', `an address and a port are wanted, such as 127.0.0.1:9464 or [::1]:9464; found ${JSON.stringify(value)}`);
  }
  return { host, port };
}

function tokenOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value;
  throw bad('token', 'text without blanks is wanted, such as {secret: "file:/run/secrets/metrics"}');
}

function prefixOf(value: unknown): string {
  if (typeof value === 'string' && /^(\/[\w.~-]+)*\/?$/.test(value)) return value.replace(/\/$/, '');
  throw bad('prefix', `what paths begin with is wanted, such as /muster; found ${JSON.stringify(value)}`);
}

function allowOf(value: unknown): BlockList {
  if (!Array.isArray(value) || value.length === 0) {
    throw bad('allow', `a list of networks is wanted, such as [127.0.0.1, 10.0.0.0/8]; found ${JSON.stringify(value)}`);
  }
  const list = new BlockList();
  for (const network of value) {
    const [, address = '', bits] = (typeof network === 'string' && /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network)) || [];
    const version = isIP(address);
    const most = version === 6 ? 128 : 32;
    if (version === 0 || Number(bits ?? 0) > most) {
      throw bad('allow', `${JSON.stringify(network)} is no network; such as 10.0.0.0/8, 192.0.2.7 or fd00::/8`);
    }
    list.addSubnet(address, Number(bits ?? most), version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || isIn(loopback, host);
}

const loopback = allowOf(['127.0.0.0/8', '::1']);

/** One that came in over a socket of both kinds has an IPv4 address in the clothes of the other; a zone says nothing here. */
function isIn(list: BlockList, address: string): boolean {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIP(bare) !== 0 && list.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
}
