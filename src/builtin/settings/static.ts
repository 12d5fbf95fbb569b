import type { Context } from '../../model/context.ts';
import { absolutePath, duration, type Field, readFields, texts } from './fields.ts';

/** `config` of `builtin:static`, checked; not whether the folder is there. */
export interface Settings {
  readonly root: string;
  readonly index: readonly string[];
  /** For how long clients may keep what they got without asking again, ms. */
  readonly maxAge: number;
}

const readers = {
  root: absolutePath,
  index: (field: Field) => (field.value === undefined ? ['index.html'] : texts(field)),
  maxAge: duration(0),
};

/** Other keys may stand there too: what the host of a component passes on, and `mount`. */
export function readSettings(config: Context['config']): Settings {
  return readFields<Settings>(config, [], readers, { open: true });
}
