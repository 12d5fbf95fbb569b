import type { DownDoc } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Result } from '../model/plan.ts';
import type { Clock, Timer } from '../model/ports.ts';
import { auditOwn, auditUnwritten } from './audit.ts';
import { bootRun } from './boot.ts';
import { createContext, type EngineContext, isPaused, policyOf } from './context.ts';
import { eventOf } from './events.ts';
import { createExpiry } from './expiry.ts';
import { inMemory } from './generations.ts';
import { createHealthMark } from './health-mark.ts';
import { type EngineHeritage, heritageOf, inherit } from './heritage.ts';
import { createInterval } from './interval.ts';
import { createLookout } from './lookout.ts';
import { isAutomatic } from './paused.ts';
import type { EnginePorts } from './ports.ts';
import { dryRun, type RunOptions, runReconcile } from './reconcile.ts';
import { tidy } from './retain.ts';
import { createRuns, type Runs } from './runs.ts';
import { resumeTrials } from './trial.ts';
import { createUpstream } from './upstream.ts';
import { createWatched } from './watched.ts';

/** The key of runs that nobody gave options to: by signal, watcher or command they are all the same run. */
export const plainRun = 'plain';

export interface Engine {
  readonly context: EngineContext;
  readonly runs: Runs<RunOptions, Result>;
  /** Lists what the journal says was loaded, not started yet. Comes before everything else. */
  restore(): Promise<void>;
  /** For the next daemon. */
  heritage(): EngineHeritage;
  /** In place of `restore`: the modules of another daemon are in `instances` already. */
  inherit(heritage: EngineHeritage): Promise<void>;
  /** In place of `boot`: goes on as before, and looks at what the config says without applying it. */
  goOn(): Promise<void>;
  /** Whether no change of the loaded set is under way. */
  isIdle(): boolean;
  /** The first run: what the config wants, and what was loaded when the last daemon ended. */
  boot(): Promise<Result>;
  /** Marks dirty; the run that follows tries failed modules again. Never rejects: the outcome stands in `status`. */
  trigger(name: string): Promise<void>;
  /** Looks whether the repository that the config comes from has a new commit, and applies it: pushing was the asking. */
  sourceDue(): Promise<void>;
  /** Files may have changed: plans or applies as `policy.watch` says, and loads modules again that say `watch: true`. */
  filesChanged(): Promise<void>;
  /** Stops everything in reverse order; `now` skips the waits. With `keep` OS processes are left to the next daemon. */
  stop(options?: { keep?: boolean }): { done: Promise<DownDoc>; now(): void };
}

export function createEngine(ports: EnginePorts): Engine {
  const context = createContext(ports);
  const runs = createRuns<RunOptions, Result>(ports.clock, (options, trigger) => runReconcile(combined(options), trigger, context));
  const reloadWatched = createWatched(context);
  const markHealthy = createHealthMark(context);
  const lookout = createLookout(context, runs);
  let timer: Timer | null = null;
  ports.instances.on((event) => context.events.emit(eventOf(event)));

  /** Errors of users are in `status` and in the log already. A bug is logged too: what runs must not end with it. */
  const quietly = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof MusterError)) ports.log.error({ err: error }, 'a run failed by a bug');
      return undefined;
    }
  };

  const trigger = async (name: string, options: Partial<RunOptions> = {}): Promise<void> => {
    const key = options.inForce === true ? 'inForce' : plainRun;
    const asked = {
      reason: null,
      request: { retryFailed: true },
      fetch: name === 'sighup' || name === 'watch',
      automatic: isAutomatic(name),
      ...options,
    };
    const result = await quietly(runs.request({ key, trigger: name, options: asked }));
    if (result !== undefined) await auditOwn(name, result, context);
  };

  const upstream = createUpstream(context, runs, () => trigger('source', { editsLeft: true }));
  const interval = createInterval(context, {
    heal: () => trigger('selfHeal', { inForce: true }),
    reconcile: () => trigger('interval'),
  });
  const expire = createExpiry(context);
  /** What could not be written, the interval and the end of holds are looked at once a second at most; a tick costs nothing while nothing is due. */
  const tick = async (): Promise<void> => {
    ports.store.retryLost();
    await quietly(expire());
    await quietly(markHealthy());
    await interval();
  };
  const schedule = (): void => {
    if (context.stopping.signal.aborted) return;
    timer = ports.clock.after(tickMs, () => void quietly(tick()).then(schedule));
  };

  return {
    context,
    runs,
    async restore() {
      context.generation = inMemory(await ports.store.loadGeneration('last'));
      for (const record of ports.store.state.loaded.values()) ports.instances.restore(record, ports.store.state.finished.get(record.name));
    },
    heritage: () => heritageOf(context),
    async inherit(heritage) {
      context.generation = inMemory(await ports.store.loadGeneration('last'));
      inherit(heritage, context);
    },
    async goOn() {
      await quietly(dryRun({ reason: null, request: {} }, context));
      ports.ran?.();
      upstream.inherited();
      schedule();
      lookout.begin();
    },
    isIdle: () => runs.current() === null && context.trials === 0 && context.claims.isFree(),
    async boot() {
      const { paused, begun } = ports.store.state;
      const cutShort = [...begun.values()].findLast(({ config }) => config !== undefined);
      await auditUnwritten(context);
      const result = await bootRun(context, runs, cutShort);
      const asked = paused?.underWay !== undefined ? paused : cutShort?.config === result.config.digest ? cutShort : undefined;
      await auditOwn('start', result, context, { by: asked?.by, reason: asked?.reason });
      void quietly(resumeTrials(context, runs));
      // What a daemon left behind that was killed between two steps of an installation.
      if (ports.hasInstalls?.() === true) void tidy([], context);
      context.critical.afterBoot();
      schedule();
      lookout.begin();
      return result;
    },
    trigger,
    async sourceDue() {
      await quietly(upstream.look());
    },
    async filesChanged() {
      if (context.stopping.signal.aborted) return;
      const { watch } = policyOf(context);
      if (watch === 'apply') await trigger('watch');
      // Nor is code taken that was saved since: what was gone back to runs.
      if (!isPaused(context)) await quietly(reloadWatched());
      // What a run under way is about to do is not pending.
      await runs.idle();
      if (context.stopping.signal.aborted || watch === 'off' || (watch === 'apply' && !isPaused(context))) return;
      const plan = await quietly(dryRun({ reason: null, request: {} }, context));
      if (plan !== undefined && plan.changes.length > 0) {
        context.events.emit({
          type: 'config',
          message: 'changes are pending; muster reload applies them',
          fields: { summary: plan.summary },
        });
      }
    },
    stop(options) {
      context.stopping.abort();
      timer?.cancel();
      lookout.end();
      const { done, now } = ports.instances.stopAll([...ports.instances.snapshot().keys()].sort(), options);
      return { done: done.then((stopped) => afterRuns(stopped, runs, ports.clock)), now };
    },
  };
}

const tickMs = 1000;

/** A run under way ends by itself once nothing more may start; its caller gets to hear how, unless it hangs in something. */
function afterRuns(stopped: DownDoc, runs: Runs<RunOptions, Result>, clock: Clock): Promise<DownDoc> {
  return new Promise((resolve) => {
    const timer = clock.after(runsEndMs, () => resolve(stopped));
    void runs.idle().then(() => {
      timer.cancel();
      resolve(stopped);
    });
  });
}

const runsEndMs = 2000; // everything is stopped by then; what is left of a run is to record it

/** Requests that became one run: every option that one of them asks for. */
function combined(options: readonly RunOptions[]): RunOptions {
  const [first] = options;
  if (first === undefined) throw new Error('a run without a request');
  return {
    ...first,
    reason: options.find((option) => option.reason !== null)?.reason ?? null,
    by: [...new Set(options.flatMap(({ by }) => by ?? []))].join(', ') || null,
    request: { ...first.request, retryFailed: options.some((option) => option.request.retryFailed === true) },
    fetch: options.some((option) => option.fetch === true),
    editsLeft: options.every((option) => option.editsLeft === true),
    trial: options.reduce<number | undefined>(
      (longest, { trial }) => (trial === undefined ? longest : Math.max(trial, longest ?? 0)),
      undefined,
    ),
    automatic: options.every((option) => option.automatic === true),
    onProgress: (progress) => {
      for (const option of options) option.onProgress?.(progress);
    },
  };
}
