import { createHash } from 'node:crypto';
import { createConfigCompiler } from '../config/compiler.ts';
import type { ByHand } from '../engine/ports.ts';
import type { FileText } from '../model/config-set.ts';
import type { Environment } from '../model/environment.ts';
import { MusterError } from '../model/error.ts';

/**
 * A module by hand goes through the same checks as one in a file: it is compiled as a config of its own, in the
 * caller's folder. JSON is YAML; a dollar is doubled, for the shell has interpolated already.
 */
export async function entryOf({ name, raw, cwd }: ByHand, env: Environment) {
  const text = `${JSON.stringify({ version: 1, modules: { [name]: raw } }).replaceAll('$', '$$$$')}\n`;
  const path = `${cwd}/command line`;
  const file: FileText = { path, text, sha256: createHash('sha256').update(text).digest('hex') };
  const compiler = createConfigCompiler({ env, reader: { file: async () => file, glob: async () => [] } });
  const outcome = await compiler.compile([path]);
  if (!outcome.ok) {
    const [first] = outcome.diagnostics;
    throw new MusterError('EINVAL', `${name}: ${outcome.diagnostics.map((diagnostic) => diagnostic.message).join('; ')}`, {
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
    });
  }
  const declared = outcome.config.modules.get(name);
  if (declared === undefined) throw new Error(`compiled ${name}, found nothing of it`);
  return { entry: declared.entry, modulePath: outcome.config.modulePath };
}
