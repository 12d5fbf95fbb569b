import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import type { SavedPlan } from '../model/plan.ts';

/** What decides what is in a plan. */
const planning = ['from', 'against', 'save', 'override', 'prune', 'maxRemovals', 'allowEmpty', 'only', 'skip'] as const;

/** The saved plan that is to be done. Its shape is known to be right once its seal is. */
export function savedOf(params: Params<'reconcile'>): { saved: SavedPlan | undefined; requireCurrentConfig: boolean } {
  const { plan, requireCurrentConfig = false, save, dryRun } = params;
  if (plan === undefined) {
    if (requireCurrentConfig) throw new MusterError('EINVAL', 'requireCurrentConfig goes with a saved plan');
    if (save === true && dryRun !== true) throw new MusterError('EINVAL', 'save goes with dryRun');
    return { saved: undefined, requireCurrentConfig };
  }
  const given = planning.filter((name) => params[name] !== undefined);
  if (given.length === 0) return { saved: plan as unknown as SavedPlan, requireCurrentConfig };
  const message = `a saved plan carries the options that it was made with; leave out: ${given.join(', ')}`;
  throw new MusterError('EINVAL', message, { hint: 'or make it again with them' });
}
