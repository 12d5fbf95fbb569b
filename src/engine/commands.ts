import type { Claim } from '../apply/claims.ts';
import { desiredOf } from '../apply/step.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import { guardText } from '../model/guard-text.ts';
import type { Params } from '../model/methods.ts';
import type { Desired, Loaded } from '../model/module.ts';
import type { Staging } from '../model/package.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import { alternativesOf, type EngineContext, policyOf } from './context.ts';
import { dependentsOf, loadedNames, notLoaded } from './names.ts';
import { tellResult } from './news.ts';
import type { Wanted } from './ports.ts';
import { readWanted, stagingOf } from './reconcile.ts';
import { request, type Transaction, transact } from './transact.ts';

export type Common = Pick<Params<'restart'>, 'dryRun' | 'override' | 'lockTimeout' | 'by' | 'reason'> & {
  onProgress?: Transaction['onProgress'];
};

/** What a command on single modules comes to, before it is planned. */
export interface Command {
  name: string;
  common: Common;
  /** Its scope is claimed whole before anything is planned, in one order, so that two commands cannot wait for each other. */
  request: Partial<Request> & { scope: ReadonlySet<string> };
  /** What is to be loaded, made of what is loaded once the names are claimed: a run may have changed them meanwhile. */
  desired(loaded: ReadonlyMap<string, Loaded>): ReadonlyMap<string, Desired> | Promise<ReadonlyMap<string, Desired>>;
  /** On a name in progress: wait for it, or refuse. */
  busy: 'wait' | 'refuse';
  cancel?: boolean;
  /** Replaces also what cannot save its state. */
  force?: boolean;
  /** Part of what is in force from now on, instead of drift. */
  generation?: 'amended';
  /** What belongs to it and has to be done before others get at its names again. Not in a dry run. */
  finish?(): Promise<void>;
  /** The modules that are the config's from now on; the others stay whose they were. */
  declared?: { has(name: string): boolean };
}

/** Plans and applies a command under claims on its names. Refusals and errors that come before any change are thrown. */
export async function runCommand(command: Command, context: EngineContext): Promise<Plan | Result> {
  const claims: Claim[] = [];
  const { common, name: action } = command;
  const { scope } = command.request;
  try {
    if (common.dryRun !== true) {
      for (const name of [...scope].sort()) {
        claims.push(
          command.busy === 'wait' ? await context.claims.acquire(name, action, common.lockTimeout) : context.claims.take(name, action),
        );
      }
    }
    const loaded = context.ports.instances.snapshot();
    const desired = await command.desired(loaded);
    // Whoever held the claim before may have removed it.
    for (const name of command.request.again ?? []) if (!desired.has(name)) throw notLoaded(name, loaded);
    const outcome = await transact(
      {
        trigger: action,
        reason: common.reason ?? null,
        by: common.by ?? null,
        wanted: byHand(desired, context),
        request: request({ ...command.request, override: common.override ?? false }),
        dryRun: common.dryRun ?? false,
        generation: command.generation ?? null,
        claimed: scope,
        cancel: command.cancel ?? false,
        force: command.force ?? false,
        originOf: ({ name }, loaded) => (command.declared?.has(name) ? 'config' : (loaded?.origin ?? 'manual')),
        onProgress: common.onProgress,
      },
      context,
    );
    if (outcome.kind === 'Plan') return outcome;
    if (outcome.changes.length > 0)
      tellResult({ whole: false, trigger: action, by: common.by ?? null, reason: common.reason ?? null }, outcome, context);
    assertAllowed(outcome);
    await command.finish?.();
    return outcome;
  } finally {
    for (const claim of claims) claim.release();
  }
}

function byHand(desired: ReadonlyMap<string, Desired>, context: EngineContext): Wanted {
  const { outcome } = context;
  const files = outcome?.ok === true ? outcome.wanted.config.files : [];
  return { config: { digest: '', files, policy: policyOf(context), warnings: [], alternatives: alternativesOf(context) }, desired };
}

/** A command that was refused or found wrong before it changed anything is an error of its caller. */
function assertAllowed(result: Result): void {
  if (result.outcome !== 'refused' && result.outcome !== 'error') return;
  const errors = result.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  const first = errors.find(({ code }) => result.outcome === 'refused' || code !== 'held');
  const failedGuards = result.guards.filter((guard) => !guard.ok).map((guard) => guardText(guard));
  const message = first?.message ?? failedGuards.join('; ');
  if (result.outcome === 'refused') throw new MusterError('EREFUSED', message, { hint: first?.hint ?? '--override does it all the same' });
  const code = first !== undefined && /^E[A-Z0-9]+$/.test(first.code) ? (first.code as MusterError['code']) : 'EINVAL';
  throw new MusterError(code, message, { exitCode: exitCode.error, ...(first?.hint === undefined ? {} : { hint: first.hint }) });
}

/** `reload NAME [ARGS...]`: from its entry as the config has it now; one loaded by hand from its own spec and its files. */
export async function reload(params: Params<'reload'> & { name: string }, common: Common, context: EngineContext): Promise<Plan | Result> {
  const loaded = context.ports.instances.snapshot();
  const module = loaded.get(params.name);
  const staging = params.dryRun === true ? undefined : { ...stagingOf(common.onProgress, context), only: params.name };
  const declared = await declaredNow(context, staging);
  if (module === undefined && params.force !== true) throw notLoaded(params.name, loaded);
  const desired = declared.get(params.name) ?? (module === undefined ? undefined : await context.ports.sources.afresh(module));
  if (desired === undefined) throw notLoaded(params.name, loaded);
  const changed = params.args?.length ? [await withArgs(desired, params.args, params, declared, context)] : null;
  return runCommand(
    {
      name: 'reload',
      common,
      request: { ...again([params.name], loaded, context), inPlace: params.force !== true },
      declared: new Set(declared.has(params.name) ? [params.name] : []),
      desired: (now) => desiredWith(now, changed ?? (declared.has(params.name) || now.has(params.name) ? [desired] : [])),
      busy: 'wait',
      force: params.force ?? false,
    },
    context,
  );
}

/** `restart NAME...`: again with the same spec. */
export async function restart(params: Params<'restart'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const loaded = context.ports.instances.snapshot();
  const names = loadedNames(params.names, loaded);
  return runCommand(
    {
      name: 'restart',
      common,
      request: again(names, loaded, context),
      desired: (now) => desiredWith(now, []),
      busy: 'wait',
      // Whoever restarts a module wants it to run anew, also one that hangs and can save nothing.
      force: true,
    },
    context,
  );
}

function again(names: readonly string[], loaded: ReadonlyMap<string, Loaded>, context: EngineContext) {
  return { scope: new Set(dependentsOf(names, loaded, 'reload', alternativesOf(context))), asked: new Set(names), again: new Set(names) };
}

/** All that is loaded as it is, with some of it replaced: what is not in it would count as dropped. */
export function desiredWith(loaded: ReadonlyMap<string, Loaded>, changed: readonly Desired[]): ReadonlyMap<string, Desired> {
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
