import type { ModuleView } from '../model/documents.ts';
import type { Desired, Loaded, Reason } from '../model/module.ts';
import type { Change, Plan } from '../model/plan.ts';
import { type EngineContext, holdsNow } from './context.ts';

export interface Circumstances {
  /** What a run that is asked for would do; null: the config does not hold. */
  readonly pending: Plan | null;
  readonly change: Change | undefined;
  readonly wanted: Desired | undefined;
  readonly loaded: Loaded | undefined;
  readonly view: ModuleView | undefined;
  readonly drift: Plan;
}

/** Why a module is as it is, the most telling first. */
export function reasonsOf(name: string, of: Circumstances, context: EngineContext): Reason[] {
  return [...heldBy(name, context), ...(of.loaded === undefined ? notLoaded(name, of) : whileLoaded(name, of)), ...ofConfig(of)];
}

function heldBy(name: string, context: EngineContext): Reason[] {
  return holdsNow(context)
    .filter((hold) => hold.name === name || hold.name === '*')
    .map(({ reason, until, stopped, ...hold }) => {
      const what = hold.name === '*' ? 'everything is held' : stopped === true ? 'held and stopped' : 'held';
      const end = until === null ? 'until it is released' : `until ${new Date(until).toISOString()}`;
      return { code: 'held', text: `${what} ${end}: ${reason}` };
    });
}

function notLoaded(name: string, { pending, change, wanted, drift }: Circumstances): Reason[] {
  const skipped = pending?.skipped.find((each) => each.name === name)?.reason;
  if (skipped !== undefined) return [skipped];
  if (wanted?.spec.disabled === true) return [{ code: 'disabled', text: 'the config says disabled: true' }];
  if (wanted?.problem !== undefined) return [{ code: wanted.problem.code, text: `it cannot be loaded: ${wanted.problem.message}` }];
  const removed = drift.changes.some((each) => each.name === name && each.action === 'load');
  if (removed) return [{ code: 'removedByHand', text: 'the generation in force has it; it was removed by hand, or its start failed' }];
  return change === undefined ? [] : [{ code: 'pending', text: `declared, and not loaded yet: the next run would ${change.action} it` }];
}

function whileLoaded(name: string, { pending, view, loaded, change, wanted }: Circumstances): Reason[] {
  const reasons: Reason[] = [];
  if (view !== undefined && view.waitingFor.length > 0) {
    reasons.push({ code: 'waiting', text: `waiting for ${view.waitingFor.join(', ')}, which it requires` });
  }
  if (view?.failed === true) reasons.push({ code: 'failed', text: view.lastExit?.error ?? view.lastExit?.reason ?? view.status.message });
  else if (view !== undefined && view.status.message !== '') reasons.push({ code: 'status', text: view.status.message });
  const unmanaged = pending?.unmanaged.find((each) => each.name === name)?.reason;
  if (unmanaged !== undefined) reasons.push(unmanaged);
  else if (loaded?.origin === 'manual') reasons.push({ code: 'byHand', text: 'loaded by hand' });
  else if (loaded?.origin === 'service') reasons.push({ code: 'byService', text: `loaded by the service ${view?.service ?? ''}` });
  if (change !== undefined) reasons.push({ code: 'pending', text: `the next run would ${change.action} it: ${change.reason.text}` });
  else if (wanted !== undefined && reasons.length === 0) reasons.push({ code: 'asDeclared', text: 'declared, and as it is declared' });
  return reasons;
}

/** What is said of all modules and may be why this one is as it is. */
function ofConfig({ pending }: Circumstances): Reason[] {
  if (pending === null)
    return [{ code: 'configInvalid', text: 'the config does not hold, so that nothing of it is applied; muster status says why' }];
  const guards = pending.guards.filter(({ ok }) => !ok).map(({ code }) => code);
  return guards.length === 0 ? [] : [{ code: 'refused', text: `the next run is refused by policy: ${guards.join(', ')}` }];
}
