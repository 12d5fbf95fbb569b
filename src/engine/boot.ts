import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { Paused } from '../model/generation.ts';
import type { Result } from '../model/plan.ts';
import type { Begun } from '../store/records.ts';
import type { EngineContext } from './context.ts';
import { standIn } from './generations.ts';
import { stillPaused } from './paused.ts';
import { dryRun, type RunOptions } from './reconcile.ts';
import type { Runs } from './runs.ts';

/**
 * The first run. Where the config does not hold or its plan is refused, the last good generation runs; without one the
 * start fails with what is wrong.
 */
export async function bootRun(context: EngineContext, runs: Runs<RunOptions, Result>, cutShort: Begun | undefined): Promise<Result> {
  const result = await firstRun(context, runs, cutShort);
  return { ...result, diagnostics: [...result.diagnostics, ...standIn(context)] };
}

async function firstRun(context: EngineContext, runs: Runs<RunOptions, Result>, cutShort: Begun | undefined): Promise<Result> {
  // One module that does not come up must not keep those down that ran before: no `stop`, no rollback to nothing.
  const boot = { reason: null, request: { retryFailed: true, onFailure: 'continue' }, fetch: true } as const;
  const nothingKnown = context.generation === null && context.ports.store.state.loaded.size === 0;
  // What was wrong with the config stays in `status`; that its stand-in worked says nothing of it.
  const runLastGood = async (): Promise<Result> => {
    const { lastReconcile } = context;
    const result = await runs.request({ key: 'boot', trigger: 'lastGood', options: { ...boot, inForce: true } });
    context.lastReconcile = lastReconcile;
    return result;
  };
  try {
    const { paused } = context.ports.store.state;
    if (paused !== null) return await bootPaused(paused, boot, context, runs);
    const result = await runs.request({ key: 'boot', trigger: 'start', options: { ...boot, cutShort } });
    if (nothingKnown && result.outcome === 'error') throw unusable(result);
    if (!result.applyable && !nothingKnown) await runLastGood();
    return result;
  } catch (error) {
    if (!(error instanceof MusterError) || nothingKnown) throw error;
    return runLastGood();
  }
}

/**
 * The first run while automatic runs are paused: what was gone back to, and not the files. Where a daemon died on its way back
 * that is gone on with; the guards had let it pass.
 */
async function bootPaused(paused: Paused, boot: RunOptions, context: EngineContext, runs: Runs<RunOptions, Result>): Promise<Result> {
  const { rollbackOf: to, underWay } = paused;
  const run = (options: Partial<RunOptions>) => runs.request({ key: 'boot', trigger: 'start', options: { ...boot, ...options } });
  const found: Diagnostic[] = [];
  let result: Result | null = null;
  if (underWay !== undefined) {
    const request = { ...boot.request, maxRemovals: '100%', allowEmpty: true, override: underWay.override };
    try {
      result = await run({ reason: paused.reason, by: paused.by, request, rollback: { to } });
      if (!result.applyable) throw new MusterError('EREFUSED', 'it is refused', { diagnostics: result.diagnostics });
      found.push(cutShort(`the daemon before died on its way back to generation ${to}; this one has gone there`));
    } catch (error) {
      if (!(error instanceof MusterError)) throw error;
      result = null;
      found.push(cutShort(`the daemon before died on its way back to generation ${to}, and this one cannot go there: ${messageOf(error)}`));
    }
  }
  result ??= await run({ inForce: true });
  await seePending(context);
  return { ...result, diagnostics: [...result.diagnostics, ...found, stillPaused(context)] };
}

function cutShort(message: string): Diagnostic {
  return { severity: 'warning', code: 'rollbackCutShort', message, file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
}

/** The files are read, and watched, though they are not to be applied; what is wrong with them stands in `status`. */
async function seePending(context: EngineContext): Promise<void> {
  await dryRun({ reason: null, request: {} }, context).catch((error: unknown) => {
    if (!(error instanceof MusterError)) throw error;
  });
}

/** A first start that can load nothing of what it should has nothing to stay for. */
function unusable({ diagnostics }: Result): MusterError {
  return new MusterError('EINVALIDCONFIG', 'the config cannot be loaded; nothing was started', { diagnostics });
}
