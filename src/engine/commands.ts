import { desiredOf } from '../apply/step.ts';
import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import type { Desired, Loaded } from '../model/module.ts';
import type { Staging } from '../model/package.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Command, type Common, runCommand } from './command.ts';
import { alternativesOf, type EngineContext } from './context.ts';
import { dependentsOf, loadedNames, notLoaded } from './names.ts';
import { readWanted, stagingOf } from './reconcile.ts';

/** `reload NAME [ARGS...]`: from its entry as the config has it now; one loaded by hand from its own spec and its files. */
export function reload(params: Params<'reload'> & { name: string }, common: Common, context: EngineContext): Promise<Plan | Result> {
  const { name, args = [], force = false } = params;
  const staging = params.dryRun === true ? undefined : { ...stagingOf(common.onProgress, context), only: name };
  const prepare = async (): Promise<Command> => {
    const declared = await declaredNow(context, staging);
    const known = context.ports.instances.get(name);
    const entry = declared.get(name) ?? (known === undefined ? undefined : await context.ports.sources.afresh(known));
    const loaded = context.ports.instances.snapshot();
    if (entry === undefined || (!loaded.has(name) && !force)) throw notLoaded(name, loaded);
    const desired = args.length > 0 ? await withArgs(entry, args, params, declared, context) : entry;
    return {
      name: 'reload',
      common,
      request: { ...again([name], loaded, context), inPlace: !force },
      declared: new Set(declared.has(name) ? [name] : []),
      desired: desiredWith(loaded, [desired]),
      busy: 'wait',
      force,
    };
  };
  return runCommand(prepare, context);
}

/** `restart NAME...`: again with the same spec. */
export function restart(params: Params<'restart'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const prepare = (): Command => {
    const loaded = context.ports.instances.snapshot();
    return {
      name: 'restart',
      common,
      request: again(loadedNames(params.names, loaded), loaded, context),
      desired: desiredWith(loaded, []),
      busy: 'wait',
      // Whoever restarts a module wants it to run anew, also one that hangs and can save nothing.
      force: true,
    };
  };
  return runCommand(prepare, context);
}

function again(names: readonly string[], loaded: ReadonlyMap<string, Loaded>, context: EngineContext) {
  return { scope: new Set(dependentsOf(names, loaded, 'reload', alternativesOf(context))), asked: new Set(names), again: new Set(names) };
}

/** All that is loaded as it is, with some of it replaced: what is not in it would count as dropped. */
export function desiredWith(loaded: ReadonlyMap<string, Loaded>, changed: readonly Desired[]): Map<string, Desired> {
  const desired = new Map([...loaded.values()].map((module) => [module.name, desiredOf(module)] as const));
  for (const module of changed) desired.set(module.name, module);
  return desired;
}

/** What the config declares now, with `staging` installed as far as that says; where it does not hold, the last good reading has to do. */
export async function declaredNow(context: EngineContext, staging?: Staging): Promise<ReadonlyMap<string, Desired>> {
  try {
    return (await readWanted(undefined, context, staging)).desired;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    return new Map((context.generation?.modules ?? []).map((record) => [record.name, desiredOf(record)]));
  }
}

/** Other arguments for a module; for a declared one that is drift and has to be asked for. */
export async function withArgs(
  desired: Desired,
  args: readonly string[],
  params: { override?: boolean | undefined },
  declared: ReadonlyMap<string, Desired>,
  context: EngineContext,
): Promise<Desired> {
  if (declared.has(desired.name) && params.override !== true) throw declaredRefusal(desired);
  return context.ports.sources.withArgs(desired, args);
}

export function declaredRefusal({ name, source }: Desired): MusterError {
  const where = source === null ? 'in the config' : `at ${source.file}:${source.line}`;
  return new MusterError('EREFUSED', `${name} is declared ${where} without these arguments`, {
    hint: `change it there, or say --override (shown as drift until the next reconcile)`,
  });
}
