import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Command, type Common, desiredWith, runCommand } from './commands.ts';
import { alternativesOf, type EngineContext } from './context.ts';
import { keep } from './holds.ts';
import { dependentsOf, loadedNames } from './names.ts';
import { isUnderWay } from './under-way.ts';

/** `remove NAME...`: stops and forgets; with `hold` they stay away, also those declared that are not loaded now. */
export async function remove(params: Params<'remove'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const { hold = false, reason, cancel = false, recursive = false, force } = params;
  if (hold && !reason) throw new MusterError('EINVAL', 'a hold needs a reason', { hint: 'say --reason R' });
  const loaded = context.ports.instances.snapshot();
  const names = loadedNames(params.names, loaded, force);
  const affected = (now: typeof loaded): string[] => (recursive ? dependentsOf(names, now, 'any', alternativesOf(context)) : names);
  const all = affected(loaded);
  const away = [...new Set([...all, ...params.names.filter((name) => declarationOf(name, context) !== undefined)])];
  const command: Command = {
    name: 'remove',
    common,
    request: { scope: new Set(all), asked: new Set(names), drop: new Set(names), recursive },
    desired(now) {
      const goes = new Set(affected(now));
      const isOther = [...goes].some((name) => !all.includes(name)) || all.some((name) => now.has(name) && !goes.has(name));
      if (isOther) throw new MusterError('ERESTART', 'others require it by now');
      return new Map([...desiredWith(now, [])].filter(([name]) => !all.includes(name)));
    },
    busy: 'wait',
    cancel,
    ...(hold ? { finish: () => keep(away, { reason: reason ?? '', forMs: null, by: common.by }, context) } : {}),
  };
  if (params.dryRun !== true && (await isAllowed(command, context))) await cancelStarts(all, cancel, context);
  const outcome = await runCommand(command, context).catch((error: unknown) => {
    if (error instanceof MusterError && error.code === 'ERESTART') return null;
    throw error;
  });
  if (outcome === null) return remove(params, common, context);
  return { ...outcome, diagnostics: [...outcome.diagnostics, ...(hold ? [] : declaredWarnings(all, context))] };
}

/** What is refused, as where one of them is held, has changed nothing. */
async function isAllowed(command: Command, context: EngineContext): Promise<boolean> {
  return (await runCommand({ ...command, common: { ...command.common, dryRun: true } }, context)).applyable;
}

/** `remove` of a name that is being loaded ends that load instead of waiting for it. */
async function cancelStarts(names: readonly string[], cancel: boolean, context: EngineContext): Promise<void> {
  const starting = names.filter((name) => context.claims.current(name) === 'load' || isUnderWay(name, context));
  await Promise.all(starting.map((name) => context.ports.instances.remove(name, { cancel })));
}

function declaredWarnings(names: readonly string[], context: EngineContext): Diagnostic[] {
  return names.flatMap((name): Diagnostic[] => {
    const source = declarationOf(name, context)?.source ?? null;
    if (source === null) return [];
    const message = `${name} is declared at ${source.file}:${source.line}; the next reconcile loads it again`;
    const hint = `muster remove --hold --reason R ${name}`;
    return [{ ...source, severity: 'warning', code: 'declared', message, hint, endLine: source.line, endColumn: source.column }];
  });
}

function declarationOf(name: string, { outcome, generation }: EngineContext) {
  return outcome?.ok === true ? outcome.wanted.desired.get(name) : generation?.modules.find((record) => record.name === name);
}
