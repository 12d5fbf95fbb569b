import type { DownDoc } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Result } from '../model/plan.ts';
import type { Timer } from '../model/ports.ts';
import { createContext, type EngineContext, holdsNow, policyOf } from './context.ts';
import { eventOf } from './events.ts';
import { release } from './holds.ts';
import type { EnginePorts } from './ports.ts';
import { driftPlan, dryRun, type RunOptions, runReconcile } from './reconcile.ts';
import { createRuns, type Runs } from './runs.ts';

/** Runs that nobody gave options to are all the same run. */
const plainRun = 'plain';

export interface Engine {
  readonly context: EngineContext;
  readonly runs: Runs<RunOptions, Result>;
  /** Lists what the journal says was loaded, not started yet. Comes before everything else. */
  restore(): Promise<void>;
  /** The first run: what the config wants, and what was loaded when the last daemon ended. */
  boot(): Promise<Result>;
  /** Marks dirty; the run that follows tries failed modules again. Never rejects: the outcome stands in `status`. */
  trigger(name: string): Promise<void>;
  /** The files may have changed: plans or applies as `policy.watch` says. */
  filesChanged(): Promise<void>;
  /** Stops everything in reverse order; `now` skips the waits. */
  stop(): { done: Promise<DownDoc>; now(): void };
}

export function createEngine(ports: EnginePorts): Engine {
  const context = createContext(ports);
  const runs = createRuns<RunOptions, Result>(ports.clock, (options, trigger) => runReconcile(combined(options), trigger, context));
  let timers: Timer[] = [];
  ports.instances.on((event) => context.events.emit(eventOf(event)));

  const trigger = async (name: string, options: Partial<RunOptions> = {}): Promise<void> => {
    const key = options.inForce === true ? 'inForce' : plainRun;
    const asked = { reason: null, request: { retryFailed: true }, ...options };
    await runs.request({ key, trigger: name, options: asked }).catch(expected);
  };

  /** The interval and the end of holds are looked at once a second at most; a tick costs nothing while nothing is due. */
  let lastLook = ports.clock.now();
  const tick = async (): Promise<void> => {
    await expireHolds(context).catch((error: unknown) => ports.log.error({ err: error }, 'a hold that ended could not be released'));
    const { interval, selfHeal } = policyOf(context);
    if (interval > 0 && ports.clock.now() - lastLook >= interval) {
      lastLook = ports.clock.now();
      await lookForDrift(context);
      if (selfHeal && driftPlan(context).changes.length > 0) await trigger('selfHeal', { inForce: true });
      else if (selfHeal && ports.instances.views().some((view) => view.failed)) await trigger('selfHeal', { inForce: true });
    }
    schedule();
  };
  const schedule = (): void => {
    if (!context.stopping.signal.aborted) timers = [ports.clock.after(tickMs, () => void tick())];
  };

  return {
    context,
    runs,
    async restore() {
      context.generation = await ports.store.loadGeneration('last');
      for (const record of ports.store.state.loaded.values()) ports.instances.restore(record);
    },
    async boot() {
      const result = await bootRun(context, runs);
      schedule();
      return result;
    },
    trigger,
    async filesChanged() {
      const { watch } = policyOf(context);
      if (watch === 'off' || context.stopping.signal.aborted) return;
      if (watch === 'apply') return trigger('watch');
      const plan = await dryRun({ reason: null, request: {} }, context).catch(expected);
      if (plan !== undefined && plan.changes.length > 0) {
        context.events.emit({
          type: 'config',
          message: 'changes are pending; muster reload applies them',
          fields: { summary: plan.summary },
        });
      }
    },
    stop() {
      context.stopping.abort();
      for (const timer of timers) timer.cancel();
      const stopping = ports.instances.stopAll([...ports.instances.snapshot().keys()].sort());
      return { done: stopping.done, now: stopping.now };
    },
  };
}

const tickMs = 1000;

/** Errors of users are in `status` and in the log already; bugs are not to be hidden. */
function expected(error: unknown): undefined {
  if (!(error instanceof MusterError)) throw error;
  return undefined;
}

/** Requests that became one run: every option that one of them asks for. */
function combined(options: readonly RunOptions[]): RunOptions {
  const [first] = options;
  if (first === undefined) throw new Error('a run without a request');
  return {
    ...first,
    reason: options.find((option) => option.reason !== null)?.reason ?? null,
    request: { ...first.request, retryFailed: options.some((option) => option.request.retryFailed === true) },
    onProgress: (progress) => {
      for (const option of options) option.onProgress?.(progress);
    },
  };
}

/**
 * The first run. Where the config does not hold or its plan is refused, the last good generation runs; without one the
 * start fails with what is wrong.
 */
async function bootRun(context: EngineContext, runs: Runs<RunOptions, Result>): Promise<Result> {
  // One module that does not come up must not keep those down that ran before: no `stop`, no rollback to nothing.
  const boot = { reason: null, request: { retryFailed: true, onFailure: 'continue' } } as const;
  const nothingKnown = context.generation === null && context.ports.store.state.loaded.size === 0;
  const fallback = (): Promise<Result> => runs.request({ key: 'boot', trigger: 'lastGood', options: { ...boot, inForce: true } });
  try {
    const result = await runs.request({ key: 'boot', trigger: 'start', options: boot });
    if (nothingKnown && result.outcome === 'error') throw unusable(result);
    if (result.applyable || nothingKnown) return result;
    const { lastReconcile } = context;
    await fallback();
    context.lastReconcile = lastReconcile;
    return result;
  } catch (error) {
    if (!(error instanceof MusterError) || nothingKnown) throw error;
    const { lastReconcile } = context;
    const result = await fallback();
    context.lastReconcile = lastReconcile;
    return result;
  }
}

/** A first start that can load nothing of what it should has nothing to stay for. */
function unusable({ diagnostics }: Result): MusterError {
  return new MusterError('EINVALIDCONFIG', 'the config cannot be loaded; nothing was started', { diagnostics });
}

/** Holds that are over bring their modules, and nothing else, to the generation in force. */
async function expireHolds(context: EngineContext): Promise<void> {
  const inForce = new Set(holdsNow(context).map((hold) => hold.name));
  const over = [...context.ports.store.state.holds.keys()].filter((name) => !inForce.has(name));
  if (over.length > 0) await release(over, { reason: 'the hold ended' }, context);
}

async function lookForDrift(context: EngineContext): Promise<void> {
  const { changes } = driftPlan(context);
  if (changes.length > 0) {
    context.events.emit({ type: 'drift', message: `${changes.length} modules differ from generation ${context.generation?.number ?? 0}` });
  }
}
