import { type Address, addressText, overlap } from '../../model/address.ts';
import type { Context } from '../../model/context.ts';
import { absolutePath, count, duration, type Field, fail, readFields, size, text, texts } from '../settings/fields.ts';
import { trustOf } from './headers.ts';

/** `config` of the gateway, checked. Times in ms, sizes in bytes; 0 is no limit. */
export interface Settings {
  readonly listen: readonly Listen[];
  readonly tls: Tls | null;
  readonly limits: Limits;
  /** A file, or true: into the log of the gateway. */
  readonly accessLog: boolean | string;
  /** Whose `X-Forwarded-*` is believed: addresses, or networks as `10.0.0.0/8`. */
  readonly trustProxies: readonly string[];
}

export interface Listen {
  /** As it stands in the config, and what two are told apart by. */
  readonly text: string;
  readonly at: Address;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Tls extends KeyPair {
  /** By the name that a client asks for. */
  readonly hosts: Readonly<Record<string, KeyPair>>;
}

export interface Limits {
  /** Of each address. */
  readonly maxConnections: number;
  readonly maxBody: number;
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly idleTimeout: number;
  /** Of one component, under way or waiting. */
  readonly maxRequests: number;
  /** How long a request waits for a component that is being replaced. */
  readonly queueTimeout: number;
  /** How long requests under way may take when the gateway is stopped. */
  readonly shutdownTimeout: number;
}

const defaultListen = '127.0.0.1:8080';
const loopback = '127.0.0.1';

export function readSettings(config: Context['config']): Settings {
  return readFields<Settings>(config, [], {
    listen: readListen,
    tls: ({ path, value }) => (value === undefined || value === null ? null : readFields<Tls>(value, path, tls)),
    limits: ({ path, value = {} }) => readFields<Limits>(value, path, limits),
    accessLog: readAccessLog,
    trustProxies(field) {
      const networks = texts(field);
      trustOf(networks);
      return networks;
    },
  });
}

const keyPair = { cert: absolutePath, key: absolutePath };

const tls = {
  ...keyPair,
  hosts: ({ path, value = {} }: Field): Tls['hosts'] => {
    if (typeof value !== 'object' || value === null) return fail({ path, value }, 'is a map of domains');
    const pairs = Object.entries(value).map(([domain, pair]) => [
      domain.toLowerCase(),
      readFields<KeyPair>(pair, [...path, domain], keyPair),
    ]);
    return Object.fromEntries(pairs);
  },
};

const limits = {
  maxConnections: count(4096),
  maxBody: size(10 * 1024 * 1024),
  maxHeaderSize: size(16 * 1024),
  headersTimeout: duration(10_000),
  requestTimeout: duration(300_000),
  idleTimeout: duration(60_000),
  maxRequests: count(1024),
  queueTimeout: duration(10_000),
  shutdownTimeout: duration(5000),
};

function readListen({ path, value = defaultListen }: Field): readonly Listen[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) return fail({ path, value }, 'names at least one address');
  const read = list.map((one, at) => readAddress({ path: Array.isArray(value) ? [...path, at] : path, value: one }));
  const twice = read.find(({ at }, index) => read.slice(0, index).some((other) => overlap(other.at, at)));
  return twice === undefined ? read : fail({ path, value: twice.text }, 'names each address once');
}

function readAddress(field: Field): Listen {
  const written = typeof field.value === 'number' ? String(field.value) : text(field);
  if (written.startsWith('unix:')) {
    const socket = absolutePath({ path: field.path, value: written.slice('unix:'.length) });
    return { text: written, at: { path: socket } };
  }
  const match = /^(?:(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s/]*)):)?(\d{1,5})$/.exec(written);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return fail(field, 'is an address such as 127.0.0.1:8080, [::1]:8080 or unix:/run/web.sock');
  const host = match[1] ?? (match[2] || loopback);
  return { text: addressText({ host, port }), at: { host, port } };
}

/** Each of those is another one. */
export const isAnyPort = (at: Listen['at']): boolean => 'port' in at && at.port === 0;

function readAccessLog({ path, value = false }: Field): boolean | string {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' && value.startsWith('/') ? value : fail({ path, value }, 'is true, false or an absolute path');
}
