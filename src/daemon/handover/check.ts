import { createConfigCompiler } from '../../config/compiler.ts';
import type { Environment } from '../../model/environment.ts';
import { MusterError } from '../../model/error.ts';
import { createFileReader } from '../../sources/files.ts';
import { systemClock } from '../world.ts';

/** Before the daemon that runs is asked for anything: a config that does not hold is no reason to replace it. */
export async function checkConfig(files: readonly string[], env: Environment): Promise<void> {
  const outcome = await createConfigCompiler({ env, reader: createFileReader({ clock: systemClock }) }).compile(files);
  if (outcome.ok) return;
  throw new MusterError('EINVALIDCONFIG', 'the config does not hold; the daemon that runs goes on', { diagnostics: outcome.diagnostics });
}
