import type { Context } from '../../model/context.ts';
import { type Field, fail, readFields } from './fields.ts';

export interface Settings {
  readonly intervalMs: number;
}

const readers = {
  intervalMs: ({ path, value = 1000 }: Field): number =>
    typeof value === 'number' && value >= 1 ? value : fail({ path, value }, 'is a number of milliseconds from 1 up'),
};

/** `config` of `builtin:heartbeat`, checked; other keys mean nothing to it. */
export function readSettings(config: Context['config']): Settings {
  return readFields<Settings>(config, [], readers, { open: true });
}
