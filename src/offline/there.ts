import { basename, dirname, join, relative } from 'node:path';
import { createConfigCompiler } from '../config/compiler.ts';
import type { ConfigSet, FileText } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import { createTextReader } from '../sources/texts.ts';
import type { At } from './surroundings.ts';

/** A config as it lies here, and as it would be where the daemon has it; paths in it differ. */
export interface Twofold {
  readonly here: ConfigSet;
  readonly there: ConfigSet;
}

/**
 * The config that was read from `files` as if it lay where the daemon has its own: each file in the place of the one of the same
 * name, else in that of the one at the same position. The same object where these are the same places.
 */
export async function asThere(here: ConfigSet, files: readonly string[], daemons: readonly string[], { env }: At): Promise<Twofold> {
  const places = files.map((file, index) => placeOf(file, index, daemons));
  if (files.every((file, index) => file === places[index])) return { here, there: here };
  const [from = '', to = ''] = [dirname(files[0] ?? ''), dirname(places[0] ?? '')];
  const texts = here.files.flatMap((text): FileText[] => {
    const index = files.indexOf(text.path);
    if (index !== -1) return [{ ...text, path: places[index] ?? text.path }];
    // What an absolute path includes is there under the same name; what a relative one does moves along.
    return [{ ...text, path: join(to, relative(from, text.path)) }, text];
  });
  const outcome = await createConfigCompiler({ env, reader: createTextReader(texts) }).compile(places);
  if (outcome.ok) return { here, there: outcome.config };
  throw new MusterError('EINVALIDCONFIG', 'the config would be invalid where the daemon has it', { diagnostics: outcome.diagnostics });
}

function placeOf(file: string, index: number, daemons: readonly string[]): string {
  const named = daemons.filter((path) => basename(path) === basename(file));
  return (named.length === 1 ? named[0] : daemons[index]) ?? (daemons[0] === undefined ? file : join(dirname(daemons[0]), basename(file)));
}
