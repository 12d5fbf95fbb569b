import type { Desired } from '../model/module.ts';
import type { Plan } from '../model/plan.ts';
import type { EngineContext } from './context.ts';
import type { Wanted } from './ports.ts';
import { inForce } from './reconcile.ts';

/** A run that will make a generation, while it is under way. */
export interface RunUnderWay {
  readonly plan: Pick<Plan, 'changes' | 'held'>;
  readonly wanted: Wanted;
}

/**
 * What declared modules are to be: as the generation in force has them, or as that will have them which the run under way makes. Who
 * brought one back to the generation before would undo what that run has just done.
 */
export function due(context: EngineContext): ReadonlyMap<string, Desired> {
  const { desired } = inForce(context);
  const { underWay } = context;
  if (underWay === null) return desired;
  const soon = new Map(desired);
  for (const { name } of [...underWay.plan.changes, ...underWay.plan.held]) {
    const wanted = underWay.wanted.desired.get(name);
    if (wanted === undefined || wanted.spec.disabled) soon.delete(name);
    else soon.set(name, wanted);
  }
  return soon;
}
