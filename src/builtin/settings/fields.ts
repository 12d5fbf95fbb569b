import { MusterError } from '../../model/error.ts';
import { nearest } from '../../model/suggest.ts';
import { parseDuration, parseSize } from '../../model/units.ts';

/** One key of a config as its reader gets it: where it stands, for messages, and what is there. */
export interface Field {
  readonly place: string;
  readonly value: unknown;
}

type Readers<T> = { readonly [K in keyof T]: (field: Field) => T[K] };

/** Reads each key with its reader; a key without one is an error, unless `open`. `place` is empty for the config itself. */
export function readFields<T>(value: unknown, place: string, readers: Readers<T>, { open = false } = {}): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong({ place, value }, 'has keys');
  const at = (key: string): string => (place === '' ? key : `${place}.${key}`);
  const known = Object.keys(readers);
  for (const key of open ? [] : Object.keys(value)) {
    if (known.includes(key) || key.startsWith('x-')) continue;
    const near = nearest(key, known);
    const hint = near === null ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
    throw new MusterError('EINVAL', `config.${at(key)} is unknown; ${hint}`);
  }
  const entries = known.map((key) => {
    const read = readers[key as keyof T];
    return [key, read({ place: at(key), value: Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined })];
  });
  return Object.fromEntries(entries) as T;
}

export const duration =
  (otherwise: number) =>
  (field: Field): number => {
    if (field.value === undefined) return otherwise;
    const ms = typeof field.value === 'string' ? parseDuration(field.value) : field.value === 0 ? 0 : null;
    return ms ?? fail(field, 'is a duration such as 250ms, 10s or 5m');
  };

export const size =
  (otherwise: number) =>
  (field: Field): number => {
    if (field.value === undefined) return otherwise;
    const bytes = typeof field.value === 'string' ? parseSize(field.value) : wholeOf(field.value);
    return bytes ?? fail(field, 'is a size such as 64K, 10M or a number of bytes');
  };

export const count =
  (otherwise: number, least = 1) =>
  (field: Field): number => {
    if (field.value === undefined) return otherwise;
    const found = wholeOf(typeof field.value === 'string' && /^\d+$/.test(field.value) ? Number(field.value) : field.value);
    return found !== null && found >= least ? found : fail(field, `is a whole number from ${least} up`);
  };

export function text(field: Field): string {
  return typeof field.value === 'string' && field.value !== '' ? field.value : fail(field, 'is text');
}

/** One, or a list. */
export function texts(field: Field): readonly string[] {
  const { place, value } = field;
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((one, at) =>
    text({ place: Array.isArray(value) ? `${place}[${at}]` : place, value: one }),
  );
}

export function absolutePath(field: Field): string {
  const path = text(field);
  return path.startsWith('/') ? path : fail(field, 'is an absolute path');
}

export function fail(field: Field, what: string): never {
  throw wrong(field, what);
}

function wrong({ place, value }: Field, what: string): MusterError {
  const found = value === undefined ? 'nothing' : JSON.stringify(value);
  return new MusterError('EINVAL', `config${place === '' ? '' : `.${place}`} ${what}, found ${found.slice(0, 100)}`);
}

function wholeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
