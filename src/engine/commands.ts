import type { Claim } from '../apply/claims.ts';
import { desiredOf } from '../apply/step.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import { guardText } from '../model/guard-text.ts';
import type { Params } from '../model/methods.ts';
import type { Desired, Loaded } from '../model/module.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import { type EngineContext, policyOf } from './context.ts';
import { dependentsOf, loadedNames, notLoaded } from './names.ts';
import type { Wanted } from './ports.ts';
import { readWanted } from './reconcile.ts';
import { request, type Transaction, transact } from './transact.ts';

type Common = Pick<Params<'restart'>, 'dryRun' | 'override' | 'reason'> & { onProgress?: Transaction['onProgress'] };

/** What a command on single modules comes to, before it is planned. */
export interface Command {
  name: string;
  common: Common;
  request: Partial<Request>;
  desired: ReadonlyMap<string, Desired>;
  claims: readonly string[];
  /** On a name in progress: wait for it, or refuse. */
  busy: 'wait' | 'refuse';
  cancel?: boolean;
  /** The modules that are the config's from now on; the others stay whose they were. */
  declared?: ReadonlySet<string> | ReadonlyMap<string, unknown>;
}

/** Plans and applies a command under claims on its names. Refusals and errors that come before any change are thrown. */
export async function runCommand(command: Command, context: EngineContext): Promise<Plan | Result> {
  const claims: Claim[] = [];
  const { common } = command;
  try {
    if (common.dryRun !== true) {
      for (const name of [...new Set(command.claims)].sort()) {
        claims.push(command.busy === 'wait' ? await context.claims.acquire(name, command.name) : context.claims.take(name, command.name));
      }
    }
    const outcome = await transact(
      {
        trigger: command.name,
        reason: common.reason ?? null,
        wanted: byHand(command.desired, context),
        request: request({ ...command.request, override: common.override ?? false }),
        dryRun: common.dryRun ?? false,
        makesGeneration: false,
        claimed: new Set(command.claims),
        cancel: command.cancel ?? false,
        originOf: ({ name }, loaded) => (command.declared?.has(name) ? 'config' : (loaded?.origin ?? 'manual')),
        onProgress: common.onProgress,
      },
      context,
    );
    if (outcome.kind === 'Result') assertAllowed(outcome);
    return outcome;
  } finally {
    for (const claim of claims) claim.release();
  }
}

function byHand(desired: ReadonlyMap<string, Desired>, context: EngineContext): Wanted {
  const { outcome } = context;
  const files = outcome?.ok === true ? outcome.wanted.config.files : [];
  return { config: { digest: '', files, policy: policyOf(context), warnings: [] }, desired };
}

/** A command that was refused or found wrong before it changed anything is an error of its caller. */
function assertAllowed(result: Result): void {
  if (result.outcome !== 'refused' && result.outcome !== 'error') return;
  const errors = result.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  const first = errors.find(({ code }) => result.outcome === 'refused' || code !== 'held');
  const failedGuards = result.guards.filter((guard) => !guard.ok).map(guardText);
  const message = first?.message ?? failedGuards.join('; ');
  if (result.outcome === 'refused') throw new MusterError('EREFUSED', message, { hint: first?.hint ?? '--override does it all the same' });
  const code = first !== undefined && /^E[A-Z0-9]+$/.test(first.code) ? (first.code as MusterError['code']) : 'EINVAL';
  throw new MusterError(code, message, { exitCode: exitCode.error, ...(first?.hint === undefined ? {} : { hint: first.hint }) });
}

/** `remove NAME...` */
export async function remove(params: Params<'remove'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const { instances } = context.ports;
  const loaded = instances.snapshot();
  const names = loadedNames(params.names, loaded, params.force);
  const all = params.recursive === true ? dependentsOf(names, loaded, 'any') : names;
  if (params.dryRun !== true) await cancelStarts(all, params.cancel ?? false, context);
  const outcome = await runCommand(
    {
      name: 'remove',
      common,
      request: { scope: new Set(all), drop: new Set(names), recursive: params.recursive ?? false },
      desired: new Map(
        [...loaded.values()].filter((module) => !all.includes(module.name)).map((module) => [module.name, desiredOf(module)]),
      ),
      claims: all,
      busy: 'wait',
      cancel: params.cancel ?? false,
    },
    context,
  );
  return { ...outcome, diagnostics: [...outcome.diagnostics, ...(params.hold === true ? [] : declaredWarnings(all, context))] };
}

/** `remove` of a name that is being loaded ends that load instead of waiting for it. */
async function cancelStarts(names: readonly string[], cancel: boolean, { claims, ports }: EngineContext): Promise<void> {
  await Promise.all(names.filter((name) => claims.current(name) === 'load').map((name) => ports.instances.remove(name, { cancel })));
}

function declaredWarnings(names: readonly string[], { outcome, generation }: EngineContext): Diagnostic[] {
  return names.flatMap((name): Diagnostic[] => {
    const wanted = outcome?.ok === true ? outcome.wanted.desired.get(name) : generation?.modules.find((record) => record.name === name);
    const source = wanted?.source ?? null;
    if (source === null) return [];
    const message = `${name} is declared at ${source.file}:${source.line}; the next reconcile loads it again`;
    const hint = `muster remove --hold --reason R ${name}`;
    return [{ ...source, severity: 'warning', code: 'declared', message, hint, endLine: source.line, endColumn: source.column }];
  });
}

/** `reload NAME [ARGS...]`: from its entry as the config has it now; one loaded by hand from its own spec. */
export async function reload(params: Params<'reload'> & { name: string }, common: Common, context: EngineContext): Promise<Plan | Result> {
  const loaded = context.ports.instances.snapshot();
  const module = loaded.get(params.name);
  const declared = await declaredNow(context);
  if (module === undefined && params.force !== true) throw notLoaded(params.name, loaded);
  const desired = declared.get(params.name) ?? (module === undefined ? undefined : desiredOf(module));
  if (desired === undefined) throw notLoaded(params.name, loaded);
  const changed =
    params.args === undefined || params.args.length === 0 ? desired : await withArgs(desired, params.args, params, declared, context);
  return runCommand(
    {
      name: 'reload',
      common,
      request: again([params.name], loaded),
      declared: new Set(declared.has(params.name) ? [params.name] : []),
      desired: desiredWith(loaded, [changed]),
      claims: [params.name],
      busy: 'wait',
    },
    context,
  );
}

/** `restart NAME...`: again with the same spec. */
export async function restart(params: Params<'restart'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const loaded = context.ports.instances.snapshot();
  const names = loadedNames(params.names, loaded);
  return runCommand(
    { name: 'restart', common, request: again(names, loaded), desired: desiredWith(loaded, []), claims: names, busy: 'wait' },
    context,
  );
}

function again(names: readonly string[], loaded: ReadonlyMap<string, Loaded>): Partial<Request> {
  return { scope: new Set(dependentsOf(names, loaded, 'reload')), again: new Set(names) };
}

/** All that is loaded as it is, with some of it replaced: what is not in it would count as dropped. */
export function desiredWith(loaded: ReadonlyMap<string, Loaded>, changed: readonly Desired[]): ReadonlyMap<string, Desired> {
  const desired = new Map([...loaded.values()].map((module) => [module.name, desiredOf(module)] as const));
  for (const module of changed) desired.set(module.name, module);
  return desired;
}

/** What the config declares now; where it does not hold, the last good reading has to do. */
export async function declaredNow(context: EngineContext): Promise<ReadonlyMap<string, Desired>> {
  try {
    return (await readWanted(undefined, context)).desired;
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
