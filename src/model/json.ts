import { nestingLimit } from './bus.ts';
import { MusterError } from './error.ts';
import { maxLineBytes } from './message.ts';

/**
 * What modules send each other is more than JSON can hold. Over the socket a Map becomes a list of pairs, a Set a list, bytes
 * (ArrayBuffer, typed arrays) base64, an Error its name, code and message, a Date and a RegExp their text, NaN and Infinity
 * null; what is undefined is left out, in lists null. Returns the payload itself where it is JSON already. Throws EINVAL for
 * a BigInt and for what refers to itself or is nested deeper than `nestingLimit`, E2BIG for what is longer than a message can be:
 * little can refer to the same things very often.
 */
export function toJson(payload: unknown, what = 'the response'): unknown {
  if (typeof payload !== 'object' && typeof payload !== 'bigint') return payload;
  left = maxLineBytes;
  subject = what;
  return convert(payload, 0);
}

/** Bytes that may still come. */
let left = 0;
/** What is said of what cannot be. */
let subject = '';

function convert(value: unknown, depth: number): unknown {
  left -= 2; // at least itself and a comma
  if (left < 0) throw new MusterError('E2BIG', `a message has at most ${maxLineBytes} bytes`);
  switch (typeof value) {
    case 'string':
      left -= value.length;
      return value;
    case 'bigint':
      throw new MusterError('EINVAL', `${subject} holds a BigInt, which JSON cannot`);
    case 'object':
      return value === null ? null : convertObject(value, depth + 1);
    default:
      return value;
  }
}

function convertObject(value: object, depth: number): unknown {
  if (depth > nestingLimit) throw new MusterError('EINVAL', `${subject} refers to itself, or is nested deeper than ${nestingLimit}`);
  if (Array.isArray(value)) return convertItems(value, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null
    ? convertProperties(value as Record<string, unknown>, depth)
    : convertOther(value, depth);
}

function convertItems(items: readonly unknown[], depth: number): readonly unknown[] {
  let changed: unknown[] | null = null;
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at];
    const converted = convert(item, depth);
    if (converted === item) continue;
    changed ??= [...items];
    changed[at] = converted;
  }
  return changed ?? items;
}

function convertProperties(value: Readonly<Record<string, unknown>>, depth: number): unknown {
  let changed: Record<string, unknown> | null = null;
  for (const key of Object.keys(value)) {
    left -= key.length;
    const converted = convert(value[key], depth);
    if (converted === value[key]) continue;
    changed ??= { ...value };
    // Defined, not assigned: a key may be `__proto__`.
    Object.defineProperty(changed, key, { value: converted, enumerable: true, configurable: true, writable: true });
  }
  return changed ?? value;
}

function convertOther(value: object, depth: number): unknown {
  if (value instanceof Map) return convertItems([...value], depth);
  if (value instanceof Set) return convertItems([...value], depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return convertError(value, depth);
  if (ArrayBuffer.isView(value)) return base64(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return base64(Buffer.from(value));
  return convertProperties({ ...value }, depth);
}

function convertError(error: Error, depth: number): unknown {
  const { code } = error as { code?: unknown };
  return convertProperties({ name: error.name, ...(code === undefined ? {} : { code }), message: error.message }, depth);
}

function base64(bytes: Buffer): string {
  left -= bytes.length;
  if (left < 0) throw new MusterError('E2BIG', `a message has at most ${maxLineBytes} bytes`);
  return bytes.toString('base64');
}
