import type { Context } from '../../model/context.ts';
import { count, duration, type Field, fail, readFields, text } from '../settings/fields.ts';

/** `config` of a proxy, checked; times in ms. */
export interface Settings {
  readonly to: Upstream;
  /** Of which module of muster that is; for messages. */
  readonly module: string | null;
  readonly connectTimeout: number;
  /** How long it may say nothing before its response begins, or between two parts of it. */
  readonly timeout: number;
  readonly maxSockets: number;
}

export interface Upstream {
  /** As it is written. */
  readonly text: string;
  readonly at: { readonly host: string; readonly port: number } | { readonly socketPath: string };
}

/** Other keys may stand there too: what the host of a component passes on, and `mount`. */
export function readSettings(config: Context['config']): Settings {
  const readers = {
    to,
    module: (field: Field) => (field.value === undefined ? null : text(field)),
    connectTimeout: duration(5000),
    timeout: duration(60_000),
    maxSockets: count(256),
  };
  return readFields<Settings>(config, [], readers, { open: true });
}

function to(field: Field): Upstream {
  const written = typeof field.value === 'number' ? String(field.value) : text(field);
  const socketPath = /^unix:(\/.+)$/.exec(written)?.[1];
  if (socketPath !== undefined) return { text: written, at: { socketPath } };
  const match = /^(?:http:\/\/)?(?:(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s/]+)):)?(\d{1,5})\/?$/.exec(written);
  const port = Number(match?.[3]);
  if (match === null || port === 0 || port > 65_535) return fail(field, 'is an address such as 127.0.0.1:8081 or unix:/run/web.sock');
  return { text: written, at: { host: match[1] ?? match[2] ?? '127.0.0.1', port } };
}
