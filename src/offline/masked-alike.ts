import { isMap } from '../model/settings.ts';

const hidden = '***';

/** A copy of `data` with what stands in `masked` wherever that is the same text with parts of it hidden. */
export function maskedAlike(masked: unknown, data: unknown): unknown {
  if (typeof masked === 'string' && typeof data === 'string') return hides(masked, data) ? masked : data;
  if (Array.isArray(masked) && Array.isArray(data)) return data.map((item, index) => maskedAlike(masked[index], item));
  if (!isMap(masked) || !isMap(data)) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Object.hasOwn(masked, key) ? maskedAlike(masked[key], value) : value]),
  );
}

function hides(masked: string, text: string): boolean {
  const [first = '', ...rest] = masked.split(hidden);
  const last = rest.pop();
  if (last === undefined || !text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
