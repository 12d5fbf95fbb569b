import { nestingLimit } from '../../../model/bus.ts';

/** Bytes that go with every value, and with every name of a property. */
export const perValue = 8;

/**
 * About how many bytes a payload takes on its way: a character counts as one. It stops where it has come to more than
 * `limit`, and looks only once into what several refer to. Throws what a getter throws, and where things are nested deeper
 * than `nestingLimit`: it walks as structured clone does, which runs out of stack in some threads before it does in others.
 */
export function sizeOf(payload: unknown, limit = Number.POSITIVE_INFINITY): number {
  if (typeof payload === 'string') return perValue + payload.length;
  if (typeof payload !== 'object' || payload === null) return perValue;
  const seen = new Set<object>();
  const path: Iterator<unknown>[] = [[payload].values()];
  let size = 0;
  while (path.length > 0 && size <= limit) {
    const { done, value } = (path.at(-1) as Iterator<unknown>).next();
    if (done === true) {
      path.pop();
      continue;
    }
    size += perValue;
    if (typeof value === 'string') size += value.length;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    size += ownBytes(value);
    if (countOf(value) * perValue > limit - size) return Number.POSITIVE_INFINITY;
    if (path.length > nestingLimit) throw new Error(`it is nested deeper than ${nestingLimit}`);
    path.push(partsOf(value)[Symbol.iterator]());
  }
  return size;
}

/** All that a view looks into is taken along. */
function ownBytes(value: object): number {
  if (ArrayBuffer.isView(value)) return value.buffer.byteLength;
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer ? value.byteLength : 0;
}

/** At least so many values are in it: spares the walk through what is too large anyway. */
function countOf(value: object): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map || value instanceof Set ? value.size : 0;
}

function* partsOf(value: object): Iterable<unknown> {
  if (ArrayBuffer.isView(value)) return;
  if (Array.isArray(value) || value instanceof Set) yield* value;
  else if (value instanceof Map) for (const entry of value) yield* entry;
  else if (value instanceof Error) yield* [value.message, value.stack, value.cause];
  else for (const key of Object.keys(value)) yield* [key, (value as Record<string, unknown>)[key]];
}
