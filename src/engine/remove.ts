import { usersSince } from '../apply/meanwhile.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Params } from '../model/methods.ts';
import type { Loaded } from '../model/module.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Command, type Common, isAllowed, runCommand } from './command.ts';
import { desiredWith } from './commands.ts';
import { alternativesOf, type EngineContext } from './context.ts';
import { keep } from './holds.ts';
import { dependentsOf, loadedNames } from './names.ts';
import { isUnderWay } from './under-way.ts';

/** `remove NAME...`: stops and forgets; with `hold` they stay away, also those declared that are not loaded now. */
export async function remove(params: Params<'remove'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const { hold = false, reason, cancel = false, recursive = false, force } = params;
  if (hold && !reason) throw new MusterError('EINVAL', 'a hold needs a reason', { hint: 'say --reason R' });
  const found = new Set<string>();
  const holdThem = (): Promise<void> => {
    const away = [...found, ...declaredOf(params.names, found, context)];
    return keep(away, { reason: reason ?? '', forMs: null, by: common.by }, context);
  };
  const prepare = (): Command => {
    const { instances } = context.ports;
    const loaded = instances.snapshot();
    const soon = context.becoming.over(loaded);
    // What was found once and has gone since is removed.
    const names = loadedNames(params.names, loaded, force === true || found.size > 0);
    const all = recursive ? dependentsOf(names, soon, 'any', alternativesOf(context)) : names;
    for (const name of all) found.add(name);
    const command: Command = {
      name: 'remove',
      common,
      request: { scope: new Set(all), asked: new Set(names), drop: new Set(names), recursive },
      desired: new Map([...desiredWith(loaded, [])].filter(([name]) => !all.includes(name))),
      busy: 'wait',
      cancel,
    };
    if (!recursive) assertUnused(names, loaded, soon);
    return {
      ...command,
      makeWay: async () => {
        if (isAllowed(command, context)) await cancelStarts(all, cancel, context);
      },
      ...(hold ? { finish: holdThem } : {}),
    };
  };
  const outcome = await runCommand(prepare, context);
  return { ...outcome, diagnostics: [...outcome.diagnostics, ...(hold ? [] : declaredWarnings([...found], context))] };
}

/** Throws EBUSY for what others are just coming to require; who requires it already is in the plan. */
function assertUnused(
  names: readonly string[],
  loaded: ReadonlyMap<string, Loaded>,
  soon: ReadonlyMap<string, Pick<Loaded, 'spec'>>,
): void {
  for (const name of names) {
    const users = usersSince(name, loaded, soon).filter((user) => !names.includes(user));
    if (users.length === 0) continue;
    const message = `${name} is in use: ${users.join(', ')}, which is being loaded, requires it`;
    throw new MusterError('EBUSY', message, { exitCode: exitCode.error, hint: `muster remove --recursive ${name}` });
  }
}

function declaredOf(names: readonly string[], but: ReadonlySet<string>, context: EngineContext): string[] {
  return names.filter((name) => !but.has(name) && declarationOf(name, context) !== undefined);
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
