import type { Progress } from '../model/documents.ts';
import { MusterError, toWire } from '../model/error.ts';
import type { Target } from '../model/instances.ts';
import type { Desired, Loaded, Origin } from '../model/module.ts';
import type { Change, ChangeResult, ChangeStatus, Plan } from '../model/plan.ts';
import type { OnFailure } from '../model/policy.ts';
import type { Clock } from '../model/ports.ts';
import type { Becoming } from './becoming.ts';
import type { Claims } from './claims.ts';
import { outdated } from './meanwhile.ts';
import { type LoadedStore, persist, recordOf } from './persist.ts';
import { isRolling, provenOutcome } from './rolling.ts';
import { desiredOf, type StepOutcome, type StepPorts, step, UntouchedError, undoOf } from './step.ts';
import { walk } from './walk.ts';

export interface ApplyPorts extends StepPorts {
  clock: Clock;
  claims: Claims;
  becoming: Becoming;
  store: LoadedStore;
}

export interface ApplyOptions {
  plan: Plan;
  desired: ReadonlyMap<string, Desired>;
  /** What the plan was made from: a module that is no longer that is left to the next run. */
  loaded: ReadonlyMap<string, Loaded>;
  originOf(change: Change): Origin;
  /** Of what is declared; by hand it is 0. */
  generation: number;
  onFailure: OnFailure;
  concurrency: number;
  maxUnavailable: number;
  /** Whether somebody holds a name that was free to change when the plan was made. */
  heldSince(name: string): boolean;
  /** Names whose claim the caller holds already. */
  claimed: ReadonlySet<string>;
  /** Skip the wait when stopping. */
  cancel: boolean;
  /** Replace also what cannot save its state. */
  force: boolean;
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

/** Does what the plan says, in its order, and tells per change what became of it. The only way the loaded set changes. */
export async function applyPlan(options: ApplyOptions, ports: ApplyPorts): Promise<ChangeResult[]> {
  const { plan, onFailure, signal, concurrency, maxUnavailable } = options;
  const results = new Map<string, ChangeResult>();
  const soFar: SoFar = { results, undo: [], left: new Set() };
  const underWay = new Set<string>();
  const rolling = isRolling(plan.changes, maxUnavailable);
  let failed = false;

  const report = (): void => options.onProgress({ done: results.size, total: plan.changes.length, running: [...underWay] });
  const execute = async (change: Change, blockedBy: string | null): Promise<ChangeStatus> => {
    const startedAt = ports.clock.now();
    underWay.add(change.name);
    report();
    if (blockedBy !== null && soFar.left.has(blockedBy)) soFar.left.add(change.name);
    const done = blockedBy === null ? await attempt(change, options, ports, soFar) : skippedFor(change, blockedBy);
    const outcome = rolling ? await provenOutcome(change, done, ports, signal) : done;
    underWay.delete(change.name);
    failed ||= outcome.status === 'failed' || outcome.status === 'reverted';
    results.set(change.name, { ...change, ...outcome, durationMs: ports.clock.now() - startedAt });
    report();
    return outcome.status;
  };

  const mayStart = (): boolean => !signal.aborted && !(failed && onFailure !== 'continue');
  const statuses = await walk({ changes: plan.changes, concurrency, maxUnavailable, execute, mayStart });
  if (failed && onFailure === 'rollback') await rollBack(soFar.undo);
  return plan.changes.map(
    (change) => results.get(change.name) ?? { ...change, status: statuses.get(change.name) ?? 'notRun', durationMs: 0, error: null },
  );
}

interface SoFar {
  readonly results: Map<string, ChangeResult>;
  readonly undo: (() => Promise<void>)[];
  /** Names of changes that came too late for what others did meanwhile. */
  readonly left: Set<string>;
}

/** One change, under its claim, with the journal brought up to it. */
async function attempt(change: Change, options: ApplyOptions, ports: ApplyPorts, soFar: SoFar): Promise<StepOutcome> {
  const { results, undo, left } = soFar;
  const names = [change.name, ...(change.from === undefined ? [] : [change.from])].sort(); // in one order, as commands claim
  const claims = [];
  const begun: (() => void)[] = [];
  for (const name of names) if (!options.claimed.has(name)) claims.push(await ports.claims.acquire(name, change.action));
  try {
    const before = options.loaded.get(change.from ?? change.name);
    const becomes = change.action === 'remove' ? null : wantedOf(change, options);
    const planned = { ...options, spec: becomes?.spec ?? null, left };
    const late = outdated(change, planned, ports.instances, ports.becoming);
    if (late !== null) left.add(change.name);
    if (late !== null) return late;
    for (const name of names) begun.push(ports.becoming.begin(name, name === change.name ? becomes : null));
    const back = options.onFailure === 'rollback' ? undoOf(change, before, ports) : null;
    await intend(change, options, ports);
    const outcome = await step(change, targetOf(change, options, ports), before, options, ports);
    await persist(names, ports.instances, ports.store);
    const appeared = before === undefined && ports.instances.get(change.name) !== undefined;
    if (back !== null && (outcome.status === 'ok' || appeared)) {
      undo.push(async () => {
        await back().finally(() => persist(names, ports.instances, ports.store));
        const result = results.get(change.name);
        if (result?.status === 'ok') results.set(change.name, { ...result, status: 'rolledBack' });
        // It did come up, and was not well.
        else if (result?.status === 'failed' && outcome.status === 'ok') results.set(change.name, { ...result, status: 'reverted' });
      });
    }
    return outcome;
  } catch (error) {
    return { status: 'failed', error: toWire(error) };
  } finally {
    for (const end of begun) end();
    for (const claim of claims) claim.release();
  }
}

/**
 * What only a person said is durable before it is done, so that a crash in the middle does not lose it: a load by hand,
 * every removal, and that a oneshot is to run again. What the config says needs no intent: the next run reads it again.
 */
async function intend(change: Change, options: ApplyOptions, { store }: ApplyPorts): Promise<void> {
  const desired = options.desired.get(change.name);
  if (change.action === 'remove' && store.state.loaded.has(change.name)) await store.append({ type: 'removed', name: change.name });
  const runsAgain = change.action === 'load' || change.action === 'reload';
  if (runsAgain && store.state.finished.has(change.name)) await store.append({ type: 'finished', name: change.name, finished: null });
  if (change.action !== 'load' || desired === undefined || options.originOf(change) !== 'manual') return;
  if (change.asLoaded === true && store.state.loaded.has(change.name)) return;
  const record = recordOf({ ...desired, name: change.name, origin: 'manual', generation: 0 });
  await store.append({ type: 'loaded', record });
}

function targetOf(change: Change, options: ApplyOptions, { materials }: ApplyPorts): (() => Promise<Target>) | null {
  if (change.action === 'remove') return null;
  const desired = wantedOf(change, options);
  return async () => {
    const material = await materials.material(desired).catch((error: unknown) => {
      const { code, message, ...rest } = toWire(error);
      throw new UntouchedError(error instanceof MusterError ? error.code : 'EFAILED', message, { ...rest, cause: code });
    });
    const origin = options.originOf(change);
    return { desired, material, origin, generation: origin === 'config' ? options.generation : 0 };
  };
}

/** What the module is to become; what is kept as it was comes from what is loaded, whatever the config says. */
function wantedOf(change: Change, options: ApplyOptions): Desired {
  const { name, from } = change;
  const loaded = change.asLoaded === true ? options.loaded.get(from ?? name) : undefined;
  const desired = loaded === undefined ? options.desired.get(name) : renamed(desiredOf(loaded), name, from);
  if (desired === undefined) throw new Error(`the plan changes ${name}, which is not desired`);
  return desired;
}

/** It keeps its former name in mind, as what is declared does: a rollback gives it back. */
function renamed(desired: Desired, name: string, from: string | undefined): Desired {
  return from === undefined ? desired : { ...desired, name, spec: { ...desired.spec, renamedFrom: from } };
}

function skippedFor({ action }: Change, blocker: string): StepOutcome {
  const why = action === 'remove' ? `stays for ${blocker}` : `requires ${blocker}`;
  return { status: 'skipped', error: { code: 'EBUSY', message: `${why}, which did not come up` } };
}

/** Newest first. What cannot be undone stays `ok` in the result: that is then the truth. */
async function rollBack(undo: readonly (() => Promise<void>)[]): Promise<void> {
  for (const back of [...undo].reverse()) {
    await back().catch((error: unknown) => {
      if (!(error instanceof MusterError)) throw error;
    });
  }
}
