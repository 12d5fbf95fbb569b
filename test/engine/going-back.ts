import { onTrial } from '../../src/engine/auto-rollback.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { rollbackTo } from '../../src/engine/rollback.ts';

/** Goes back to one of the generations that are kept; whether it was done, and what runs by itself waits since. */
export async function goBackIn({ context, runs }: Engine, pick: (numbers: readonly number[]) => number): Promise<boolean> {
  const { store } = context.ports;
  const kept = await store.generations();
  const to = await rollbackTo(kept.length === 0 ? undefined : pick(kept), context);
  const options = { reason: null, request: {}, rollback: { to } };
  const { exitCode } = await runs.request({ key: `rollback ${to}`, trigger: 'rollback', options });
  return exitCode === 0 && store.state.paused !== null;
}

/** Applies the config, and goes back unless what that touches gets healthy within so many ms. */
export async function onTrialIn({ context, runs }: Engine, timeout: number): Promise<void> {
  const options = { reason: null, request: { retryFailed: true }, trial: timeout };
  const result = await runs.request({ key: `trial ${timeout}`, trigger: 'reload', options });
  await onTrial(result, { timeout, by: undefined }, context, runs);
}

/** Each generation that is to be kept is there and whole, once somebody has asked for a run in the end. */
export async function historyProblems({ context }: Engine): Promise<string[]> {
  const { store } = context.ports;
  const { generation, paused } = store.state;
  const kept = await store.generations();
  const problems: string[] = [];
  for (const number of kept) if ((await store.loadGeneration(number)) === null) problems.push(`generation ${number} is not whole`);
  if (generation > 0 && kept.at(-1) !== generation) problems.push(`generation ${generation}, which is in force, is lost`);
  if (kept.length < Math.min(20, generation)) problems.push(`of ${generation} generations only ${kept.length} are kept`);
  if (store.state.trials.size > 0) problems.push('a run is watched that nobody goes back from any more');
  if (paused !== null) problems.push('somebody has asked for a run, and what runs by itself waits still');
  return problems;
}
