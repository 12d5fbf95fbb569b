import { desiredOf } from '../apply/step.ts';
import type { Progress } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Staging } from '../model/package.ts';
import type { Plan, Result, SavedPlan } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import type { LastReconcile } from '../model/status-doc.ts';
import { planChecksum } from '../plan/checksum.ts';
import { driftOf, withDrift } from '../plan/drift.ts';
import type { Begun } from '../store/records.ts';
import { agreementAfter, agreementOf } from './agreement.ts';
import { type EngineContext, policyOf, recordedAlternatives } from './context.ts';
import { goBack } from './going-back.ts';
import { tellError, tellResult } from './news.ts';
import { assertMayRun, resuming } from './paused.ts';
import type { Edits, Wanted } from './ports.ts';
import { tidy } from './retain.ts';
import { type Rollback, restoreFiles, wantedAgain } from './rollback.ts';
import { openPlan, savePlan } from './saved-plan.ts';
import { byOf } from './serial.ts';
import { planOf, request, type Transaction, transact } from './transact.ts';
import { fetchSource } from './upstream.ts';

/** What a run over the whole config was asked to do. */
export interface RunOptions {
  reason: string | null;
  /** Who asked, in the words of who did; null: nobody. */
  by?: string | null | undefined;
  request: Partial<Request>;
  /** Absolute paths instead of the daemon's own files. */
  from?: readonly string[] | undefined;
  /** The generation in force instead of the files: undoes drift, applies no pending edit. */
  inForce?: boolean;
  /** An old generation instead of the files. */
  rollback?: Rollback;
  /** Nobody asks for it: it is not made while such runs are paused. */
  automatic?: boolean;
  /** Fetches first, where the config comes from a repository. */
  fetch?: boolean;
  /** It is gone back from unless what it touches gets healthy within so many ms. */
  trial?: number | undefined;
  /** A run that was cut short: if the config is still that of it, this one is done for who asked for it. */
  cutShort?: Begun | undefined;
  /** A commit is applied, and no edit of the daemon's own files that nobody has asked for. */
  editsLeft?: boolean;
  /** What was planned before, in place of a config. */
  saved?: SavedPlan | undefined;
  /** Refuses what was planned of another config than the files have now. */
  requireCurrentConfig?: boolean;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Reads, plans and applies. A config that does not hold changes nothing and rejects with its diagnostics. */
export async function runReconcile(options: RunOptions, trigger: string, context: EngineContext): Promise<Result> {
  assertMayRun(options, context);
  const { clock, log } = context.ports;
  const at = new Date(clock.now()).toISOString();
  try {
    const isOwn = options.inForce !== true && options.rollback === undefined && options.from === undefined && options.saved === undefined;
    if (options.fetch === true && isOwn) await fetchSource(context, 'taken', context.stopping.signal);
    const staging = stagingOf(options.onProgress, context);
    const transaction = onBehalf(await transactionFor(options, trigger, staging, context), options);
    const result = await (options.rollback === undefined
      ? (transact(resuming(transaction, options, context), context) as Promise<Result>)
      : goBack(transaction, options.rollback.to, context));
    if (result.exitCode !== exitCode.ok) await letGo(transaction.wanted, context);
    remember(context, at, trigger, result);
    if (isOwn) context.agreement = agreementAfter(result) ?? context.agreement;
    context.ports.ran?.();
    tellResult(askedOf(transaction, trigger), result, context);
    return result;
  } catch (error) {
    // That a plan from elsewhere does not fit says nothing of the config here.
    if (error instanceof MusterError && error.code === 'ESTALE') throw error;
    const diagnostics = error instanceof MusterError ? [...(error.diagnostics ?? [])] : [];
    setLast(context, { at, trigger, ...byOf(options.by), outcome: 'error', exitCode: 1, planId: '', changes: [], diagnostics });
    context.events.emit({ type: 'result', message: `${trigger}: ${error instanceof Error ? error.message : String(error)}` });
    log.warn(
      { trigger, diagnostics, err: error instanceof MusterError ? error.message : error },
      'reconcile failed before anything changed',
    );
    tellError(askedOf(options, trigger), error, context);
    throw error;
  }
}

/** What another daemon was asked for and died at is asked for still. */
function onBehalf(transaction: Transaction, { cutShort }: RunOptions): Transaction {
  if (cutShort?.config !== transaction.wanted.config.digest) return transaction;
  return { ...transaction, by: cutShort.by ?? null, reason: cutShort.reason };
}

function askedOf({ by = null, reason }: Pick<RunOptions, 'by' | 'reason'>, trigger: string) {
  return { whole: true, trigger, by, reason };
}

/** How a dry run is made. */
export interface DryRunOptions extends RunOptions {
  againstEmpty?: boolean;
  /** So that it can be applied later; what could not be applied now is not saved. */
  save?: boolean;
}

/** The plan of a run, without acting: `--dry-run`, `status`. */
export async function dryRun(options: DryRunOptions, context: EngineContext): Promise<Plan | SavedPlan> {
  if (options.saved !== undefined || options.rollback !== undefined) {
    const transaction = await transactionFor(options, 'dryRun', undefined, context);
    return transact({ ...transaction, dryRun: true }, context) as Promise<Plan>;
  }
  const wanted = await readWanted(options.from, context);
  const plan = planOf({ ...transactionOf(options, 'dryRun', wanted, true), againstEmpty: options.againstEmpty ?? false }, context);
  if (options.from === undefined && options.againstEmpty !== true && Object.keys(options.request).length === 0)
    context.agreement = agreementOf(plan);
  const told = withDrift(plan, driftNow(context));
  return options.save === true && plan.applyable ? savePlan(told, wanted, options.request, context) : told;
}

/** What differs from the generation in force; pending edits of the files are not in it. */
export function driftPlan(context: EngineContext): Plan {
  const options = { reason: null, request: { prune: 'none' } } as const;
  const plan = planOf(transactionOf(options, 'drift', inForce(context), true), context);
  return withDrift(plan, context.generation === null ? [] : driftOf(plan));
}

export function driftNow(context: EngineContext): Plan['drift'] {
  return context.generation === null ? [] : driftPlan(context).drift;
}

/** A config that does not hold, as the document of a plan in which nothing is changed. */
export function invalidPlan(error: MusterError, context: EngineContext): Plan {
  const wanted: Wanted = { config: { digest: '', files: [], policy: policyOf(context), warnings: [] }, desired: new Map() };
  const nothing = transactionOf({ reason: null, request: { scope: new Set() } }, 'invalid', wanted, true);
  const diagnostics = [...(error.diagnostics ?? [])];
  const refused: Plan = { ...planOf(nothing, context), diagnostics, applyable: false, outcome: 'error', exitCode: exitCode.error };
  return { ...refused, checksum: planChecksum(refused) };
}

/** What is to be installed shows as what a run is at, and ends when the daemon does. */
export function stagingOf(onProgress: RunOptions['onProgress'], { stopping }: EngineContext): Staging {
  return { signal: stopping.signal, progress: (what) => onProgress?.({ done: 0, total: 1, running: [what] }) };
}

/** What was installed for a run and not taken by it after all. */
async function letGo({ desired }: Wanted, context: EngineContext): Promise<void> {
  const packages = [...desired.values()].filter(({ kind, version }) => kind === 'package' && version !== undefined);
  if (packages.length > 0) await tidy(packages, context);
}

export async function readWanted(
  from: readonly string[] | undefined,
  context: EngineContext,
  staging?: Staging,
  edits?: Edits,
): Promise<Wanted> {
  const outcome = await context.ports.sources.read(from, staging, edits);
  if (from === undefined) context.outcome = outcome;
  if (outcome.ok) return outcome.wanted;
  const count = outcome.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  throw new MusterError('EINVALIDCONFIG', `the config has ${count === 1 ? 'an error' : `${count} errors`}; nothing was changed`, {
    diagnostics: outcome.diagnostics,
    hint: 'muster validate',
  });
}

/** The declared set of the last generation, or what is recorded where a crash came before the first, as something to be desired. */
export function inForce(context: EngineContext): Wanted {
  const recorded = [...context.ports.store.state.loaded.values()].filter((record) => record.origin === 'config');
  const modules = context.generation?.modules ?? recorded;
  return {
    config: {
      digest: context.generation?.configDigest ?? '',
      files: [],
      policy: policyOf(context),
      warnings: [],
      alternatives: recordedAlternatives(context),
    },
    desired: new Map(modules.map((record) => [record.name, desiredOf(record)])),
  };
}

/** Of the config, of the generation in force, or of what was planned before. */
async function transactionFor(
  options: RunOptions,
  trigger: string,
  staging: Staging | undefined,
  context: EngineContext,
): Promise<Transaction> {
  if (options.rollback !== undefined) {
    const wanted = await wantedAgain(options.rollback, context);
    // What was declared since goes, whatever was said of pruning; what was loaded by hand stays.
    const back = transactionOf({ ...options, request: { ...options.request, prune: 'owned' } }, trigger, wanted, false);
    return { ...back, rollbackOf: options.rollback.to, prepare: () => restoreFiles(wanted, context) };
  }
  if (options.saved === undefined) {
    const wanted =
      options.inForce === true
        ? inForce(context)
        : await readWanted(options.from, context, staging, options.editsLeft === true ? 'left' : 'taken');
    return transactionOf(options, trigger, wanted, false);
  }
  const opened = await openPlan(options.saved, { staging, requireCurrentConfig: options.requireCurrentConfig === true }, context);
  const onFailure = options.request.onFailure ?? opened.request.onFailure ?? null;
  const request = { ...opened.request, onFailure };
  return { ...transactionOf({ ...options, request }, trigger, opened.wanted, false), saved: opened.planned };
}

function transactionOf(options: RunOptions, trigger: string, wanted: Wanted, dry: boolean): Transaction {
  const base = {
    trigger,
    reason: options.reason,
    by: options.by ?? null,
    request: request(options.request),
    dryRun: dry,
    generation: options.inForce === true ? null : ('new' as const),
    recorded: options.inForce === true,
    trial: options.trial,
    onProgress: options.onProgress,
  };
  // What comes back after a restart of the daemon as it was stays whose it was.
  return { ...base, wanted, originOf: (change, loaded) => (change.asLoaded === true ? (loaded?.origin ?? 'config') : 'config') };
}

function setLast(context: EngineContext, last: LastReconcile): void {
  context.lastReconcile = last;
  context.reconciles.set(last.outcome, (context.reconciles.get(last.outcome) ?? 0) + 1);
}

export function remember(context: EngineContext, at: string, trigger: string, result: Result): void {
  const changes = result.changes.map(({ name, action, status, error }) => ({ name, action, status, error: error?.message ?? null }));
  const { outcome, exitCode, planId, by, diagnostics } = result;
  setLast(context, { at, trigger, ...byOf(by), outcome, exitCode, planId, changes, diagnostics });
  if (result.outcome === 'noChanges') return;
  const { revision } = result.config;
  const of = revision === undefined ? {} : { revision };
  const fields = { trigger, ...byOf(by), ...of, outcome: result.outcome, exitCode: result.exitCode, planId: result.planId, changes };
  context.events.emit({ type: 'result', message: `${trigger}: ${result.outcome}`, fields });
  const level = result.exitCode === 0 ? 'info' : 'warn';
  const done = changes.map(({ name, action, status, error }) => `${action} ${name} ${status}${error === null ? '' : `: ${error}`}`);
  context.ports.log[level](
    { trigger, ...byOf(by), ...of, outcome: result.outcome, planId: result.planId, changes: done },
    'reconcile done',
  );
}
