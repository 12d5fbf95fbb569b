import { MusterError } from '../model/error.ts';
import type { Result } from '../model/plan.ts';
import type { Trial } from '../store/records.ts';
import { audit } from './audit.ts';
import type { EngineContext } from './context.ts';
import { unhealthy, waitUntilSettled } from './health.ts';
import type { RunOptions } from './reconcile.ts';
import type { Runs } from './runs.ts';
import { byOf } from './serial.ts';

export const unhealthyInTime = 'was not healthy in time';

/** Counts as a run that is watched as long as it takes, and is forgotten once it is decided. A daemon that ends leaves it to the next. */
export async function tried<T>(planId: string, context: EngineContext, watch: () => Promise<T>): Promise<T> {
  context.trials += 1;
  try {
    return await watch();
  } finally {
    if (!context.stopping.signal.aborted) await decided(planId, context);
    context.trials -= 1;
  }
}

/**
 * On the disk before anybody hears of it: no start after a power cut is to go back from what was said to be well. Where there is no
 * room it is written as soon as there is.
 */
async function decided(id: string, { ports }: EngineContext): Promise<void> {
  const { log, store } = ports;
  if (!store.state.trials.has(id)) return;
  await store.append({ type: 'trialEnded', id }).catch((error: unknown) => {
    log.warn({ err: error }, 'that a run is not watched any more could not be recorded yet');
    store.appendLater({ type: 'trialEnded', id });
  });
}

/** The run is done: from now on its time counts. */
export async function watchedFrom(planId: string, { ports }: EngineContext): Promise<void> {
  const { clock, store } = ports;
  const trial = store.state.trials.get(planId);
  if (trial === undefined) return;
  // What cannot be written is watched all the same; the next daemon would give it the whole time.
  await store.append({ type: 'trial', trial: { ...trial, until: clock.now() + trial.timeout } }).catch((error: unknown) => {
    ports.log.warn({ err: error }, 'since when a run is watched could not be recorded');
  });
}

/** Goes on with what daemons before this one were watching when they ended. To be called after the first run. */
export async function resumeTrials(context: EngineContext, runs: Runs<RunOptions, Result>): Promise<void> {
  const { state } = context.ports.store;
  await Promise.all([...state.trials.values()].map((trial) => tried(trial.id, context, () => resumed(trial, context, runs))));
}

async function resumed(trial: Trial, context: EngineContext, runs: Runs<RunOptions, Result>): Promise<void> {
  const { clock, log } = context.ports;
  const { id: planId, to, reason, by } = trial;
  const from = stillInForce(trial, context);
  if (from === null) {
    const message = `${reason ?? 'a run'} was still being watched for its health; something else is in force by now, so it is not gone back from`;
    log.info({ planId, names: trial.names, ...byOf(by) }, message);
    context.events.emit({ type: 'result', message, fields: { planId, names: trial.names, ...byOf(by) } });
    return;
  }
  const names = new Set(trial.names);
  const timeout = rest(trial, clock.now());
  log.info(
    { generation: from, ...byOf(by), reason, timeout },
    'the daemon before was watching whether what a run has changed gets healthy; this one goes on',
  );
  const failing = async () => unhealthy(context, names);
  const missing = await waitUntilSettled({ failing, timeout, signal: new AbortController().signal }, context);
  if (missing.length === 0 || context.stopping.signal.aborted) return;
  log.warn({ generation: from, planId, unhealthy: missing }, `generation ${from} ${unhealthyInTime}`);
  try {
    await takeBack({ from, to, by, why: unhealthyInTime }, context, runs);
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    log.warn({ generation: from, to, err: error.message }, 'it was not gone back');
  }
}

/** The generation in force, as far as it is of that run; null: somebody else has applied something since, or nothing of it is left. */
function stillInForce({ id, to, config }: Trial, { generation, ports }: EngineContext): number | null {
  const { state } = ports.store;
  if (generation === null || generation.number <= to) return null;
  return generation.planId === id || (state.paused === null && generation.configDigest === config) ? generation.number : null;
}

/** Of its time at least half: what it is about was started anew. No clock that was set makes it longer. */
function rest({ timeout, until }: Trial, now: number): number {
  return until === null ? timeout : Math.min(timeout, Math.max(timeout / 2, until - now));
}

interface Back {
  readonly from: number;
  readonly to: number;
  readonly by: string | undefined;
  readonly why: string;
}

/** Throws a MusterError where it is not gone back, as where something else is in force by now. */
export async function takeBack({ from, to, by, why }: Back, context: EngineContext, runs: Runs<RunOptions, Result>): Promise<Result> {
  const reason = `${from === to ? 'a run' : `generation ${from}`} ${why}`;
  // What was just done with the consent of its caller is taken back; no guard is to keep half of it.
  const request = { retryFailed: true, maxRemovals: '100%', allowEmpty: true, override: true, onFailure: 'continue' } as const;
  const options = { reason, by, request, rollback: { to, from } };
  const back = await runs.request({ key: `rollback ${from}`, trigger: 'autoRollback', options });
  await audit({ trigger: 'autoRollback', by, reason }, { result: back }, context);
  return back;
}
