import { payloadLimit } from '../../../model/bus.ts';
import { MusterError, messageOf } from '../../../model/error.ts';
import { perValue, sizeOf } from './size.ts';

/** A payload as it was when it was handed over: what its owner does to it afterwards is not seen by others. */
export interface Taken {
  readonly payload: unknown;
  /** Bytes, estimated. */
  readonly size: number;
}

/** What is nested deeper goes the slow way, where things that refer to themselves are known. */
const plainDepth = 32;

/**
 * Copies a payload as structured clone does. Throws E2BIG, or EINVAL for what cannot be cloned; `what` names it in the message.
 * Nearly everything that is sent is plain data, dates and bytes; for that it is many times faster, and only treats what several
 * properties refer to as that many values, and leaves behind what an array has beside its items.
 */
export function take(payload: unknown, what: string): Taken {
  left = payloadLimit;
  try {
    const copy = plainCopy(payload, 0);
    return { payload: copy, size: payloadLimit - left };
  } catch (thrown) {
    if (thrown === tooBig) throw new MusterError('E2BIG', `${what} is larger than ${payloadLimit} bytes`);
    return clone(payload, what);
  }
}

/** Another copy of what was taken already. */
export function again(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null) return payload;
  try {
    left = Number.POSITIVE_INFINITY;
    return plainCopy(payload, 0);
  } catch {
    return structuredClone(payload);
  }
}

let left = 0;
const notPlain = Symbol('not plain');
const tooBig = Symbol('too big');

function plainCopy(value: unknown, depth: number): unknown {
  spend(perValue);
  switch (typeof value) {
    case 'object':
      break;
    case 'string':
      spend(value.length);
      return value;
    case 'function':
    case 'symbol':
      throw notPlain;
    default:
      return value;
  }
  if (value === null) return value;
  if (depth === plainDepth) throw notPlain;
  if (Array.isArray(value)) return arrayCopy(value, depth + 1);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return objectCopy(value as Record<string, unknown>, depth + 1);
  if (value instanceof Date) return new Date(value);
  return bytesCopy(value);
}

function arrayCopy(items: readonly unknown[], depth: number): unknown[] {
  if (items.length * perValue > left) throw tooBig;
  const copy: unknown[] = [];
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (item === undefined && !(at in items)) throw notPlain;
    copy.push(plainCopy(item, depth));
  }
  return copy;
}

function objectCopy(value: Record<string, unknown>, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    // Assigned it would be taken for the prototype.
    if (key === '__proto__') throw notPlain;
    spend(perValue + key.length);
    copy[key] = plainCopy(value[key], depth);
  }
  return copy;
}

const views: Record<string, new (from: ArrayBufferView) => ArrayBufferView> = {
  Uint8Array: Uint8Array as never,
  Int32Array: Int32Array as never,
  Float32Array: Float32Array as never,
  Float64Array: Float64Array as never,
};

/** Of a view only what it looks at: a Buffer is often a small part of a large store that it shares with others. */
function bytesCopy(value: object): unknown {
  if (value instanceof ArrayBuffer) {
    spend(value.byteLength);
    return value.slice(0);
  }
  if (!ArrayBuffer.isView(value)) throw notPlain;
  const View = views[(value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? ''];
  if (View === undefined) throw notPlain;
  spend(value.byteLength);
  return new View(value);
}

function spend(bytes: number): void {
  left -= bytes;
  if (left < 0) throw tooBig;
}

function clone(payload: unknown, what: string): Taken {
  let size: number;
  let copy: unknown;
  try {
    size = sizeOf(payload, payloadLimit);
    copy = size > payloadLimit ? undefined : structuredClone(payload);
  } catch (error) {
    throw new MusterError('EINVAL', `${what} cannot be cloned: ${messageOf(error)}`);
  }
  if (size > payloadLimit) throw new MusterError('E2BIG', `${what} is larger than ${payloadLimit} bytes`);
  return { payload: copy, size };
}
