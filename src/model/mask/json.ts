import type { Mask } from './mask.ts';

/** A JSON text without secrets in its strings and, where they are not those of a document of muster (`keysToo`), its keys. */
export function maskedJson(json: string, mask: Mask, keysToo: boolean): string {
  return mask(json) === json ? json : JSON.stringify(masked(JSON.parse(json), mask, keysToo));
}

/** The same of data that JSON can hold. */
export function maskedDocument<T>(document: T, mask: Mask): T {
  const json = JSON.stringify(document);
  return json === undefined || mask(json) === json ? document : (masked(JSON.parse(json), mask, false) as T);
}

function masked(value: unknown, mask: Mask, keysToo: boolean): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, mask, keysToo));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [keysToo ? mask(key) : key, masked(item, mask, keysToo)]));
}
