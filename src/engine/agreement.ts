import { guardText } from '../model/guard-text.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { Agreement } from './conditions.ts';

const mostNamed = 5;

/** Whether what runs is as the files say: nothing is left to do. Null: they do not hold. */
export function agreementOf(plan: Plan | null): Agreement {
  if (plan === null) return { synced: false, message: 'the config is invalid' };
  if (plan.changes.length === 0 && plan.outcome !== 'error') return { synced: true, message: '' };
  const names = plan.changes.slice(0, mostNamed).map(({ action, name }) => `${action} ${name}`);
  const more = plan.changes.length > mostNamed ? ` and ${plan.changes.length - mostNamed} more` : '';
  const refused = plan.guards.filter(({ ok }) => !ok).map((guard) => guardText(guard));
  const pending = names.length === 0 ? [] : [`pending: ${names.join(', ')}${more}`];
  return { synced: false, message: [...pending, ...(refused.length === 0 ? [] : [`refused: ${refused.join('; ')}`])].join('; ') };
}

/** The same after a run over the whole config; null: it tells nothing of that. */
export function agreementAfter({ outcome, complete, changes, guards }: Result): Agreement | null {
  if (outcome === 'refused')
    return {
      synced: false,
      message: `refused: ${guards
        .filter(({ ok }) => !ok)
        .map((guard) => guardText(guard))
        .join('; ')}`,
    };
  const isDone = (outcome === 'applied' || outcome === 'noChanges') && changes.every(({ status }) => status === 'ok');
  return isDone && complete ? { synced: true, message: '' } : null;
}
