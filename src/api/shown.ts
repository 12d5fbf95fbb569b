import { messageOf } from '../model/error.ts';

/**
 * What a module sent or says, as it is shown: JSON, without secrets. What JSON cannot hold is told in words, for nobody who
 * only looks should fail because of it.
 */
export function shown(value: unknown, mask: (text: string) => string): unknown {
  try {
    const text = JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? String(one) : one));
    return text === undefined ? null : masked(JSON.parse(text), mask);
  } catch (error) {
    return `(no JSON: ${mask(messageOf(error))})`;
  }
}

function masked(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [mask(key), masked(item, mask)]));
}
