import type { Monitor } from '../../model/wire.ts';

/** What is understood of what a package sends, each checked for its shape and cut to what is kept of it; half a secret could not be known again. */
export type FromPackage =
  | { readonly type: 'ready' }
  | { readonly type: 'options'; readonly options: Readonly<Record<string, unknown>> }
  | { readonly type: 'monitors'; readonly monitors: ReadonlyMap<string, Monitor>; readonly dropped: number }
  | { readonly type: 'action'; readonly name: string; readonly scoped: boolean; readonly opts: unknown }
  | { readonly type: 'reply'; readonly name: string; readonly value: unknown }
  | { readonly type: 'part' | 'end' | 'error'; readonly uuid: string; readonly value: unknown }
  | { readonly type: 'exception'; readonly message: string; readonly stack: string | null }
  | { readonly type: 'event'; readonly name: string; readonly fields: Readonly<Record<string, unknown>> };

type Data = Readonly<Record<string, unknown>>;

export const most = { monitors: 500, name: 200, text: 1000, stack: 8000, data: 16_000 } as const;

type Mask = (text: string) => string;

const readers: Readonly<Record<string, (data: Data, mask: Mask) => FromPackage | null>> = {
  'axm:option:configuration': (data) => ({ type: 'options', options: sized(data) ?? {} }),
  'axm:monitor': monitors,
  'axm:action': ({ action_name: name, action_type: type, opts }) =>
    isName(name) ? { type: 'action', name, scoped: type === 'scoped', opts: sized(opts) ?? null } : null,
  'axm:reply': ({ action_name: name, return: value }) => (isName(name) ? { type: 'reply', name, value: value ?? null } : null),
  'axm:scoped_action:stream': (data) => scoped('part', data),
  'axm:scoped_action:end': (data) => scoped('end', data),
  'axm:scoped_action:error': (data) => scoped('error', data),
  'process:exception': exception,
  'human:event': ({ __name: name, ...fields }) => (isName(name) ? { type: 'event', name, fields: sized(fields) ?? {} } : null),
};

/** Null: nothing that is understood. A message of this kind can say nothing in the name of anybody else. */
export function readMessage(message: unknown, mask: Mask): FromPackage | null {
  if (message === 'ready') return { type: 'ready' };
  if (!isData(message) || typeof message.type !== 'string' || !isData(message.data)) return null;
  return Object.hasOwn(readers, message.type) ? (readers[message.type]?.(message.data, mask) ?? null) : null;
}

function monitors(data: Data, mask: Mask): FromPackage {
  const found = new Map<string, Monitor>();
  let dropped = 0;
  for (const [name, said] of Object.entries(data)) {
    if (found.size < most.monitors && isName(name)) found.set(name, monitorOf(said, mask));
    else dropped += 1;
  }
  return { type: 'monitors', monitors: found, dropped };
}

function monitorOf(said: unknown, mask: Mask): Monitor {
  if (!isData(said)) return { value: shownValue(said, mask) };
  const { value, unit } = said;
  return { value: shownValue(value, mask), ...(typeof unit === 'string' && unit !== '' ? { unit: mask(unit).slice(0, 20) } : {}) };
}

function shownValue(said: unknown, mask: Mask): Monitor['value'] {
  if (typeof said === 'number' || typeof said === 'boolean') return said;
  if (said === undefined || said === null) return null;
  return mask(typeof said === 'string' ? said : JSON.stringify(said)).slice(0, most.text);
}

function scoped(type: 'part' | 'end' | 'error', { uuid, data }: Data): FromPackage | null {
  return typeof uuid === 'string' ? { type, uuid, value: data ?? null } : null;
}

function exception({ message, stack }: Data, mask: Mask): FromPackage {
  const told = typeof message === 'string' && message !== '' ? mask(message) : 'an exception without a message';
  return {
    type: 'exception',
    message: told.slice(0, most.text),
    stack: typeof stack === 'string' ? mask(stack).slice(0, most.stack) : null,
  };
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most.name;
}

/** Undefined where it is more than is kept. */
function sized<T>(value: T): T | undefined {
  return JSON.stringify(value ?? null).length <= most.data ? value : undefined;
}
