import type { Plan } from '../model/plan.ts';
import { planChecksum } from './checksum.ts';

/** What the plan that would undo it says of drift. */
export function driftOf({ changes }: Pick<Plan, 'changes'>): Plan['drift'] {
  return changes.map(({ name, action }) => ({ name, text: textOf(action) }));
}

export function withDrift(plan: Plan, drift: Plan['drift']): Plan {
  if (drift.length === 0) return plan;
  const told = { ...plan, drift };
  return { ...told, checksum: planChecksum(told) };
}

function textOf(action: string): string {
  return action === 'load' ? 'not loaded' : action === 'remove' ? 'loaded but not declared' : 'differs from the generation in force';
}
