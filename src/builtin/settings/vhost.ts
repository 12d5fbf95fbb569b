import type { Context } from '../../model/context.ts';
import { type Field, fail, readFields } from './fields.ts';

/** `config` of `builtin:vhost`, which is that of its components too and so has keys of all kinds. */
export interface Settings {
  /** What stands at `/`; null: its name. */
  readonly page: string | null;
}

const readers = {
  page: (field: Field) => (field.value === undefined ? null : typeof field.value === 'string' ? field.value : fail(field, 'is text')),
};

export function readSettings(config: Context['config']): Settings {
  return readFields<Settings>(config, [], readers, { open: true });
}
