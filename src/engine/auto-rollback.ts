import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { ChangeResult, Result } from '../model/plan.ts';
import type { EngineContext } from './context.ts';
import { awaitHealth, defaultTimeoutMs } from './health.ts';
import type { RunOptions } from './reconcile.ts';
import type { Runs } from './runs.ts';
import { takeBack, tried, unhealthyInTime, watchedFrom } from './trial.ts';

interface Asked {
  /** ms that what was changed has to become healthy. */
  readonly timeout: number | undefined;
  readonly by: string | undefined;
}

/**
 * Goes back to the generation before where a run has failed, or what it touched is not healthy in time. The result is that of
 * the run, with what became of it in the end. Goes on also when its caller has left.
 */
export async function onTrial(
  result: Result,
  { timeout = defaultTimeoutMs, by }: Asked,
  context: EngineContext,
  runs: Runs<RunOptions, Result>,
): Promise<Result> {
  if (result.outcome === 'refused' || result.outcome === 'error') return result;
  return tried(result.planId, context, async () => {
    await watchedFrom(result.planId, context);
    const seen = await awaitHealth(result, { timeout, signal: new AbortController().signal }, context);
    // A daemon that ends has nothing to go back with; the next one goes on watching.
    if (seen.exitCode === exitCode.ok || context.stopping.signal.aborted) return seen;
    const from = madeBy(seen, context);
    return from === null ? seen : await goBack(seen, from, by, context, runs);
  });
}

/** The generation that the run has made, or where it has only broken what is in force, that; null: nothing of it remains. */
function madeBy({ planId, target, exitCode: code }: Result, { ports }: EngineContext): number | null {
  const made = [...ports.store.state.heads.values()].find((head) => head.planId === planId)?.number;
  return made ?? (code === exitCode.failedPartly ? target.generation : null);
}

async function goBack(
  failed: Result,
  from: number,
  by: string | undefined,
  context: EngineContext,
  runs: Runs<RunOptions, Result>,
): Promise<Result> {
  const to = failed.target.generation;
  if (to === 0) return told(failed, 'nothing was gone back to: there was no generation before');
  try {
    const why = failed.exitCode === exitCode.unhealthy ? unhealthyInTime : 'was not applied whole';
    return wentBack(failed, await takeBack({ from, to, by, why }, context, runs), from, context);
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    return { ...told(failed, `generation ${to} was not gone back to: ${error.message}`), exitCode: exitCode.failedPartly };
  }
}

/** What was done and is taken back is `rolledBack`; where not all of it could be, some changes remain. */
function wentBack(failed: Result, back: Result, from: number, { ports }: EngineContext): Result {
  const to = failed.target.generation;
  const generation = ports.store.state.generation;
  const { planId, outcome } = back;
  const rollback = { to, generation: generation === from ? to : generation, planId, outcome, exitCode: back.exitCode };
  if (back.exitCode !== exitCode.ok) {
    const left = back.changes.filter(({ status }) => status !== 'ok').map(({ name }) => name);
    const what = left.length === 0 ? back.outcome : left.join(', ');
    return {
      ...told(failed, `going back to generation ${to} failed: ${what}`),
      rollback,
      outcome: 'failed',
      exitCode: exitCode.failedPartly,
    };
  }
  const changes = failed.changes.map((change): ChangeResult => (change.status === 'ok' ? { ...change, status: 'rolledBack' } : change));
  const as = rollback.generation === to ? '' : `, as generation ${rollback.generation}`;
  const message = `went back to generation ${to}${as}; automatic runs are paused`;
  const code = failed.exitCode === exitCode.unhealthy ? exitCode.unhealthy : exitCode.failedUnchanged;
  return { ...told({ ...failed, changes }, message, 'mend the config, then: muster reload'), rollback, outcome: 'failed', exitCode: code };
}

function told(result: Result, message: string, hint?: string): Result {
  const found: Diagnostic = { ...nowhere, severity: 'error', code: 'autoRollback', message, ...(hint === undefined ? {} : { hint }) };
  return { ...result, diagnostics: [...result.diagnostics, found] };
}

const nowhere = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
