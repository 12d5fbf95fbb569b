import type { FromRealm } from '../../protocol.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A module lives in the same thread as what posts to the hub, and can post there too. What has not the shape of a message
 * is passed over, so that it harms neither the other threads of the runner nor the daemon.
 */
const shapes: { readonly [K in FromRealm['type']]?: (message: Fields) => boolean } = {
  started: ({ id, tid }) => isId(id) && (tid === null || isId(tid)),
  fromModule: ({ id, message }) => isId(id) && isFromModule(message),
  output: ({ id, stream, chunk }) => isId(id) && (stream === 'stdout' || stream === 'stderr') && chunk instanceof Uint8Array,
  settled: ({ id, reason, thrown, fault }) => isId(id) && isText(reason) && isThrown(thrown) && isFault(fault),
  ownStats: ({ call, stats }) => isId(call) && isObject(stats),
  resolve: ({ from, call, prefix }) => isId(from) && isId(call) && isText(prefix),
  waiting: ({ from, prefix, count }) => isId(from) && isText(prefix) && isId(count),
  register: ({ from, call, service }) => isId(from) && isId(call) && isText(service),
  subscribed: ({ globs }) => Array.isArray(globs) && globs.every(isText),
  events: ({ events }) => Array.isArray(events) && events.every(isEvent),
  traced: ({ records, dropped }) => Array.isArray(records) && isId(dropped),
  compiled: ({ code }) => code instanceof Uint8Array,
};

const ofModule: Readonly<Record<string, (message: Fields) => boolean>> = {
  ready: () => true,
  reconfigurable: () => true,
  saves: () => true,
  finalizing: () => true,
  status: ({ level, message }) => isText(level) && isText(message),
  reconfigured: ({ call, thrown }) => isId(call) && isThrown(thrown),
  saved: ({ call, state, thrown }) => isId(call) && (state === null || state instanceof Uint8Array) && isThrown(thrown),
};

export function isFromRealm(message: unknown): message is FromRealm {
  if (!isObject(message)) return false;
  const { type } = message;
  // What is in it is looked at where it is opened.
  if (type === 'sealed') return true;
  return has(shapes, type) && shapes[type]?.(message) === true;
}

function isFromModule(message: unknown): boolean {
  return isObject(message) && has(ofModule, message.type) && ofModule[message.type]?.(message) === true;
}

function isEvent(event: unknown): boolean {
  return Array.isArray(event) && isId(event[0]) && isText(event[1]) && isText(event[3]);
}

function isThrown(thrown: unknown): boolean {
  return thrown === null || (isObject(thrown) && isText(thrown.code) && isText(thrown.message) && isText(thrown.stack));
}

function isFault(fault: unknown): boolean {
  return fault === undefined || fault === 'another' || fault === 'unknown';
}

function has<T extends object>(table: T, key: unknown): key is keyof T {
  return typeof key === 'string' && Object.hasOwn(table, key);
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isId = (value: unknown): value is number => Number.isSafeInteger(value);
const isText = (value: unknown): value is string => typeof value === 'string';
