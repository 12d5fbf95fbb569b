import type { GenerationRun } from '../model/generation.ts';
import type { ChangeResult, Plan, Result } from '../model/plan.ts';
import type { EnginePorts } from './ports.ts';

/** So many changes stand where generations are listed. */
const mostListed = 20;
/** So many are kept with the generation; of a run with more the first. */
const mostKept = 2000;
/** Characters of an error. What a module wrote last is in its log. */
const mostText = 500;

/** Bytes that the plan of a run, and what became of it, take in a generation. */
export function roomForRun(planned: Plan): number {
  return Buffer.byteLength(JSON.stringify(planned)) + around * (1 + Math.min(planned.changes.length, mostKept));
}

/** What stands beside the plan, and beside each of its changes: a text of usual length. */
const around = 1024;

/** What a list of generations has of the run that made one. */
export function runOf({ outcome, exitCode, startedAt, finishedAt, summary, changes }: Result): GenerationRun {
  return {
    outcome,
    exitCode,
    durationMs: Date.parse(finishedAt) - Date.parse(startedAt),
    summary,
    changed: changes.length,
    changes: changes.slice(0, mostListed).map(({ name, action, status }) => ({ name, action, status })),
  };
}

/** The result as a generation keeps it. */
export function keptResult(result: Result, { masked }: Pick<EnginePorts, 'masked'>): Result {
  return { ...result, changes: result.changes.slice(0, mostKept).map((change) => keptChange(change, masked)) };
}

function keptChange(change: ChangeResult, masked: EnginePorts['masked']): ChangeResult {
  if (change.error === null) return change;
  const { code, message, hint } = masked(change.error) as typeof change.error;
  const error = { code, message: message.slice(0, mostText), ...(hint === undefined ? {} : { hint: hint.slice(0, mostText) }) };
  return { ...change, error };
}
