import { MusterError } from '../../model/error.ts';
import { looksSecret } from '../../model/settings.ts';
import { nearest } from '../../model/suggest.ts';
import { parseDuration, parseSize } from '../../model/units.ts';

type Path = readonly (string | number)[];

/** One key of a config as its reader gets it: where it stands, and what is there. */
export interface Field {
  readonly path: Path;
  readonly value: unknown;
}

export interface BadSetting {
  readonly path: Path;
  readonly message: string;
  /** There is no such key, or it is not there; else it is the value that is wrong. */
  readonly key?: 'unknown' | 'missing';
}

/** All that is wrong with a config; `EINVAL`. */
export class BadConfig extends MusterError {
  readonly problems: readonly BadSetting[];

  constructor(problems: readonly BadSetting[]) {
    super('EINVAL', problems.map(({ message }) => message).join('; '));
    this.problems = problems;
  }
}

type Readers<T> = { readonly [K in keyof T]: (field: Field) => T[K] };

/** Reads each key with its reader; a key without one is wrong, unless `open`. `path` is empty for the config itself. */
export function readFields<T>(value: unknown, path: Path, readers: Readers<T>, { open = false } = {}): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong({ path, value }, 'has keys');
  const known = Object.keys(readers);
  const problems = open ? [] : unknownKeys(value, path, known);
  const read: Partial<T> = {};
  for (const key of known as (keyof T & string)[]) {
    const found = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    try {
      read[key] = readers[key]({ path: [...path, key], value: found });
    } catch (error) {
      if (!(error instanceof BadConfig)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new BadConfig(problems);
  return read as T;
}

function unknownKeys(value: object, path: Path, known: readonly string[]): BadSetting[] {
  const unknown = Object.keys(value).filter((key) => !known.includes(key) && !key.startsWith('x-'));
  return unknown.map((key) => {
    const near = nearest(key, known);
    const hint = near === null ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
    return { path: [...path, key], message: `${placeText([...path, key])} is unknown; ${hint}`, key: 'unknown' };
  });
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
  const { path, value } = field;
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((one, at) => text({ path: Array.isArray(value) ? [...path, at] : path, value: one }));
}

export function absolutePath(field: Field): string {
  const path = text(field);
  return path.startsWith('/') ? path : fail(field, 'is an absolute path');
}

export function fail(field: Field, what: string): never {
  throw wrong(field, what);
}

function wrong({ path, value }: Field, what: string): BadConfig {
  const isHidden = path.some((step) => looksSecret(String(step)));
  const found = value === undefined ? 'nothing' : isHidden ? 'something else' : JSON.stringify(value);
  const message = `${placeText(path)} ${what}, found ${found.slice(0, 100)}`;
  return new BadConfig([{ path, message, ...(value === undefined ? { key: 'missing' as const } : {}) }]);
}

/** As `config.limits.maxBody`, or `config.listen[0]`. */
function placeText(path: Path): string {
  return `config${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}`;
}

function wholeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
