import { MusterError } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { Params } from '../model/methods.ts';
import type { Loaded } from '../model/module.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Command, type Common, runCommand } from './command.ts';
import { desiredWith } from './commands.ts';
import type { EngineContext } from './context.ts';
import { installed } from './install.ts';
import { purge } from './kept-settings.ts';
import { notLoaded } from './names.ts';
import { tidy } from './retain.ts';

/** `uninstall NAME...`: stops packages that were installed by hand, forgets them and removes their files; not a folder in which one runs. */
export async function uninstall(params: Params<'uninstall'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  let modules: readonly Loaded[] = [];
  let names: readonly string[] = [];
  const prepare = (): Command => {
    modules = params.names.flatMap((name) => installedAs(name, context));
    refuseDeclared(modules);
    names = [...new Set(modules.map(({ name }) => name))];
    const left = [...desiredWith(context.ports.instances.snapshot(), [])].filter(([name]) => !names.includes(name));
    return {
      name: 'uninstall',
      common,
      request: { scope: new Set(names), asked: new Set(names), drop: new Set(names) },
      desired: new Map(left),
      busy: 'wait',
    };
  };
  const outcome = await runCommand(prepare, context);
  if (common.dryRun === true) return outcome;
  if (params.purge === true && outcome.exitCode === 0) {
    await purge(names, context);
    await context.ports.purgeFiles?.(names);
  }
  await tidy(modules, context);
  return outcome;
}

/** By name, also of all programs of a package, or by the folder in which it runs. */
function installedAs(name: string, context: EngineContext): Loaded[] {
  const loaded = context.ports.instances.snapshot();
  const own = loaded.get(name);
  const inFolder = [...loaded.values()].filter(({ kind, spec }) => kind === 'package' && (spec as PackageSpec).package === name);
  const found = name.startsWith('/') ? inFolder : own === undefined ? installed(name, context) : [own];
  if (found.length === 0) throw notLoaded(name, loaded);
  const other = found.find(({ kind }) => kind !== 'package');
  if (other !== undefined) throw new MusterError('EINVAL', `${other.name} is no package`, { hint: `muster remove ${other.name}` });
  return found;
}

function refuseDeclared(modules: readonly Loaded[]): void {
  const declared = modules.find(({ origin }) => origin === 'config');
  if (declared === undefined) return;
  const { name, source } = declared;
  throw new MusterError('EREFUSED', `${name} is declared${source === null ? '' : ` at ${source.file}:${source.line}`}`, {
    hint: 'take it out of there, then: muster reload',
  });
}
