import { createConfigCompiler } from '../config/compiler.ts';
import type { ConfigOutcome, ConfigSet } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';
import { createFileReader } from '../sources/files.ts';
import type { At } from './surroundings.ts';

export const systemClock: Clock = {
  now: Date.now,
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Reads and checks config files, merged in their order. */
export function readConfig(files: readonly string[], { env }: At): Promise<ConfigOutcome> {
  return createConfigCompiler({ env, reader: createFileReader({ clock: systemClock }) }).compile(files);
}

/** The same where an invalid config is an error. */
export async function mustRead(files: readonly string[], at: At): Promise<ConfigSet> {
  const outcome = await readConfig(files, at);
  // Taken as a config without modules it would remove everything.
  if (outcome.ok && outcome.config.source !== null) {
    const message = `${files.join(', ')} has its modules from ${outcome.config.source.git.url}, and nothing is fetched without a daemon`;
    throw new MusterError('ENOTSUP', message, { hint: `name the file in a checkout of it: ${outcome.config.source.git.path}` });
  }
  if (outcome.ok) return outcome.config;
  throw new MusterError('EINVALIDCONFIG', 'the config is invalid', { diagnostics: outcome.diagnostics });
}
