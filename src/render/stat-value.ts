import { MusterError } from '../model/error.ts';

export interface StatFormat {
  /** Keys with periods between them, e.g. `tx.request`; none: the whole object. */
  path?: string | undefined;
  /** Converts a number: `int` cuts off its fraction, `double` always shows one. */
  type?: 'int' | 'double' | undefined;
  /** A number is multiplied by it before it is converted. */
  scale?: number | undefined;
}

/** A value of a document, or all of it, as `stats` prints it. Throws ENOENT for an unknown path, EINVAL for what is no number. */
export function statText(document: unknown, { path, type, scale }: StatFormat): string {
  const value = path === undefined ? document : valueAt(document, path);
  if (type === undefined && scale === undefined) return JSON.stringify(value, null, 2);
  if (typeof value !== 'number') {
    const what = path === undefined ? 'the whole object' : `"${path}"`;
    throw new MusterError('EINVAL', `${what} is no number, so it has neither type nor scale`, {
      hint: 'name a number, e.g. --parse tx.request',
    });
  }
  const number = value * (scale ?? 1);
  if (!Number.isFinite(number)) throw new MusterError('EINVAL', `${value} times ${scale} is too large`);
  if (type === 'double') return number.toFixed(6);
  return type === 'int' ? String(BigInt(Math.trunc(number))) : String(number);
}

function valueAt(document: unknown, path: string): unknown {
  const words = path.split('.');
  const found = walk(document, words);
  if (found !== undefined) return found.value;
  const known = [...Array(words.length).keys()].reverse().map((count) => ({ count, at: walk(document, words.slice(0, count)) }));
  const nearest = known.find(({ at }) => at !== undefined);
  const keys = nearest?.at === undefined ? [] : keysOf(nearest.at.value);
  const where = nearest === undefined || nearest.count === 0 ? 'there is' : `${words.slice(0, nearest.count).join('.')} has`;
  throw new MusterError('ENOENT', `no "${path}"; ${where} ${keys.length === 0 ? 'nothing' : keys.join(', ')}`);
}

/** A key may have periods itself, as names of modules do. */
function walk(value: unknown, words: readonly string[]): { value: unknown } | undefined {
  if (words.length === 0) return { value };
  if (typeof value !== 'object' || value === null) return undefined;
  for (let count = 1; count <= words.length; count++) {
    const key = words.slice(0, count).join('.');
    const found = Object.hasOwn(value, key) ? walk((value as Record<string, unknown>)[key], words.slice(count)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
