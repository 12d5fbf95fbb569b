import { applyPlan } from '../apply/apply.ts';
import { persist } from '../apply/persist.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Progress } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Loaded, Origin } from '../model/module.ts';
import type { Change, ChangeResult, Plan, Result } from '../model/plan.ts';
import { plainRequest, type Request } from '../model/plan-input.ts';
import type { OnFailure, Policy } from '../model/policy.ts';
import { parsePercent } from '../model/units.ts';
import { asSaved, type Planned } from '../plan/as-saved.ts';
import { maskedPlan } from '../plan/masked-plan.ts';
import { plan } from '../plan/plan.ts';
import { registeredFor } from '../plan/registered.ts';
import { resultExitCode } from '../plan/result.ts';
import { type EngineContext, holdsNow, registrations, targetOf } from './context.ts';
import { amendGeneration, isInForce, saveGeneration } from './generations.ts';
import { forgetDeclared, moveSettings } from './kept-settings.ts';
import type { Wanted } from './ports.ts';
import { makeRoom, unrecorded } from './room.ts';
import { assertSerial, byOf, moveOf } from './serial.ts';

/** One change of the loaded set, whoever asked for it. */
export interface Transaction {
  trigger: string;
  reason: string | null;
  /** Who asked, in the words of who did; null: nobody. */
  by: string | null;
  wanted: Wanted;
  request: Request;
  dryRun: boolean;
  /**
   * What it makes of the generation in force, if it changed something: `new`, of all that is loaded, as runs over the whole
   * config do; `amended`, the same but for what it changed itself; null: nothing, so that what it changed is drift.
   */
  generation: 'new' | 'amended' | null;
  claimed?: ReadonlySet<string>;
  /** Brings back what is recorded already: a disk that takes no more is no reason not to. */
  recorded?: boolean;
  /** Skip the waits when stopping. */
  cancel?: boolean;
  /** Replace also what cannot save its state. */
  force?: boolean;
  /** Plan against nothing instead of what is loaded; only with `dryRun`. */
  againstEmpty?: boolean;
  /** It is gone back from unless what it touches is healthy within so many ms; that is in the journal before its first effect. */
  trial?: number | undefined;
  /** The generation whose content is wanted; absent: it is no rollback. */
  rollbackOf?: number;
  /** Brings what is not the daemon's own, such as files, to what is wanted, right before it is applied; what it could not is told. */
  prepare?(): Promise<readonly Diagnostic[]>;
  /** What was planned before is done, if it still fits; `wanted` and `request` are those of then. */
  saved?: Planned | undefined;
  originOf?(change: Change, loaded: Loaded | undefined): Origin;
  onProgress?: ((progress: Progress) => void) | undefined;
}

export function request(parts: Partial<Request>): Request {
  return { ...plainRequest, ...parts };
}

/** Plans without acting. Pure but for reading the clock and making the id. */
export function planOf(transaction: Transaction, context: EngineContext, loaded = context.ports.instances.snapshot()): Plan {
  const { ports, generation } = context;
  const declared = generation?.modules ?? [];
  const planned = plan({
    desired: transaction.wanted.desired,
    config: transaction.wanted.config,
    loaded: transaction.againstEmpty === true ? new Map() : loaded,
    registered: registeredFor(transaction.wanted.desired, loaded, () => registrations(context)),
    holds: holdsNow(context),
    applied: { policy: generation?.policy ?? transaction.wanted.config.policy, names: declared.map((record) => record.name) },
    request: transaction.request,
    target: targetOf(context),
    env: ports.env,
    dryRun: transaction.dryRun,
    ...(transaction.rollbackOf === undefined ? {} : { rollbackOf: transaction.rollbackOf }),
    now: ports.clock.now(),
    id: ports.random.id(),
  });
  return maskedPlan(planned, ports.masked);
}

/** Plans and, unless it is a dry run or refused, applies. The only caller of `applyPlan`. */
export async function transact(transaction: Transaction, context: EngineContext): Promise<Plan | Result> {
  const { ports } = context;
  const loaded = ports.instances.snapshot();
  const planned = plannedBy(transaction, context, loaded);
  if (transaction.dryRun) return planned;
  const makesGeneration = transaction.generation === 'new' && planned.applyable;
  if (makesGeneration) context.underWay = { plan: planned, wanted: transaction.wanted };
  try {
    return await done(transaction, planned, loaded, context);
  } finally {
    if (makesGeneration) context.underWay = null;
  }
}

async function done(transaction: Transaction, planned: Plan, loaded: ReadonlyMap<string, Loaded>, context: EngineContext): Promise<Result> {
  const { ports } = context;
  const startedAt = ports.clock.now();
  if (!planned.applyable || planned.changes.length === 0) {
    await catchUp(transaction, context);
    const result = resultOf(transaction, planned.applyable ? await prepared(transaction, planned) : planned, [], startedAt, context);
    const unsaved = transaction.generation === 'new' && planned.applyable && !isInForce(transaction, context);
    if (unsaved) await saveGeneration(transaction, result, context);
    return result;
  }
  try {
    await makeRoom(transaction, planned, context);
    return await carryOut(transaction, await prepared(transaction, planned), loaded, context);
  } catch (error) {
    if (ports.store.state.trials.has(planned.id)) ports.store.appendLater({ type: 'trialEnded', id: planned.id });
    throw error;
  } finally {
    if (ports.store.state.begun.has(planned.id)) ports.store.appendLater({ type: 'ended', id: planned.id });
    if (transaction.generation !== null) await ports.store.freeRoom();
  }
}

function plannedBy(transaction: Transaction, context: EngineContext, loaded: ReadonlyMap<string, Loaded>): Plan {
  const { saved, wanted } = transaction;
  if (saved !== undefined) assertSerial(saved.plan, context);
  const now = planOf(transaction, context, loaded);
  return saved === undefined ? now : asSaved(saved, now, wanted.desired);
}

async function prepared({ prepare }: Transaction, planned: Plan): Promise<Plan> {
  const found = (await prepare?.()) ?? [];
  return found.length === 0 ? planned : { ...planned, diagnostics: [...planned.diagnostics, ...found] };
}

/** Applies the plan. What was done and cannot be recorded is said to be done: it stays, and the next run records it. */
async function carryOut(
  transaction: Transaction,
  planned: Plan,
  loaded: ReadonlyMap<string, Loaded>,
  context: EngineContext,
): Promise<Result> {
  const { ports } = context;
  const startedAt = ports.clock.now();
  context.events.emit({
    type: 'plan',
    message: `${transaction.trigger}: ${planned.changes.length} ${planned.changes.length === 1 ? 'change' : 'changes'}`,
    fields: { planId: planned.id, ...byOf(transaction.by) },
  });
  const { policy } = transaction.wanted.config;
  const onFailure: OnFailure = transaction.request.onFailure ?? policy.onFailure;
  const changes = await applyPlan(
    {
      plan: planned,
      desired: transaction.wanted.desired,
      loaded,
      originOf: (change) => transaction.originOf?.(change, loaded.get(change.name)) ?? transaction.request.origin,
      generation: ports.store.state.generation + (transaction.generation === null ? 0 : 1),
      onFailure,
      concurrency: policy.concurrency === 0 ? ports.defaultConcurrency : policy.concurrency,
      maxUnavailable: unavailable(policy, loaded),
      heldSince: heldSince(context),
      claimed: transaction.claimed ?? new Set(),
      cancel: transaction.cancel ?? false,
      force: transaction.force ?? false,
      signal: context.stopping.signal,
      onProgress: (progress) => transaction.onProgress?.(progress),
    },
    { ...ports, claims: context.claims, becoming: context.becoming },
  );
  context.critical.afterChanges(changes);
  ports.sources.watchCode([...ports.instances.snapshot().values()].filter(({ spec }) => spec.watch));
  const done = resultOf(transaction, planned, changes, startedAt, context);
  try {
    await recordRun(transaction, done, loaded, context);
    return done;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    ports.log.error({ err: error, planId: planned.id }, 'what was done could not be recorded');
    if (!changes.some(({ status }) => status === 'ok')) return done;
    return { ...done, diagnostics: [...done.diagnostics, unrecorded(error)], outcome: 'failed', exitCode: exitCode.failedPartly };
  }
}

/** A module that was held or stopped while the run was on its way to it must not be changed, or started, any more. */
function heldSince(context: EngineContext): (name: string) => boolean {
  const then = new Set(holdsNow(context).map((hold) => hold.name));
  return (name) => holdsNow(context).some((hold) => !then.has(hold.name) && (hold.name === name || hold.name === '*'));
}

/** At most this share of the running modules is reloaded at a time; at least one, or nothing would ever change. */
function unavailable({ maxUnavailable }: Policy, loaded: ReadonlyMap<string, Loaded>): number {
  if (typeof maxUnavailable === 'number') return Math.max(1, maxUnavailable);
  const running = [...loaded.values()].filter((module) => module.state === 'R').length;
  return Math.max(1, Math.floor((parsePercent(maxUnavailable) ?? 1) * running));
}

/** The serial, and for a run over the whole config the generation, move only if the loaded set did. */
async function recordRun(
  transaction: Transaction,
  result: Result,
  before: ReadonlyMap<string, Loaded>,
  context: EngineContext,
): Promise<void> {
  const { store, instances } = context.ports;
  const { changes } = result;
  await catchUp(transaction, context);
  const after = instances.snapshot();
  const changed = changes.some(
    (change) => (change.status === 'ok' && change.reason.code !== 'restarted') || before.has(change.name) !== after.has(change.name),
  );
  const unsaved = transaction.generation === 'new' && !isInForce(transaction, context);
  if (!changed && !unsaved) return;
  await follow(changes, context);
  await store.append(moveOf(transaction, result, context));
  if (transaction.generation === 'new') await saveGeneration(transaction, result, context);
  if (transaction.generation === 'amended') await amendGeneration(transaction, result, context);
}

/** What a write that failed left unsaid is said now. Names that somebody else works on are theirs to record. */
async function catchUp({ claimed }: Transaction, { ports, claims }: EngineContext): Promise<void> {
  const { instances, store } = ports;
  const names = new Set([...instances.snapshot().keys(), ...store.state.loaded.keys()]);
  await persist(
    [...names].filter((name) => claims.current(name) === null || claimed?.has(name)),
    instances,
    store,
  );
}

/** A hold, and what was set, follow their module to a new name; what was set goes where the config says it now. */
async function follow(changes: readonly ChangeResult[], context: EngineContext): Promise<void> {
  const { store } = context.ports;
  for (const { name, from, status } of changes) {
    if (from !== undefined && status === 'ok') await moveSettings(from, name, context);
    if (status === 'ok') await forgetDeclared(name, context);
    const hold = from === undefined || status !== 'ok' ? undefined : store.state.holds.get(from);
    if (hold !== undefined) await store.append({ type: 'hold', hold: { ...hold, name } }, { type: 'released', name: hold.name });
  }
}

function resultOf({ by }: Transaction, planned: Plan, changes: ChangeResult[], startedAt: number, { ports }: EngineContext): Result {
  const done = changes.length > 0;
  const code = done ? resultExitCode(changes) : planned.exitCode;
  return {
    ...planned,
    kind: 'Result',
    planId: planned.id,
    ...byOf(by),
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(ports.clock.now()).toISOString(),
    changes,
    outcome: done ? (code === 0 ? 'applied' : 'failed') : planned.outcome,
    exitCode: code,
  };
}
