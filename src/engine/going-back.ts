import type { Paused } from '../model/generation.ts';
import type { Result } from '../model/plan.ts';
import { type EngineContext, isPaused } from './context.ts';
import { byOf } from './serial.ts';
import { type Transaction, transact } from './transact.ts';

/**
 * Applies a rollback. That it is meant is in the journal before its first effect: a daemon that comes after one which died in the
 * middle of it goes on with it. What was gone back to stays then, though the files have something else; with a new generation that
 * stands in its record.
 */
export async function goBack(transaction: Transaction, to: number, context: EngineContext): Promise<Result> {
  const { store } = context.ports;
  const before = store.state.paused;
  const pause = (paused: Paused | null): Promise<void> => store.append({ type: 'paused', paused });
  const announced: Transaction = {
    ...transaction,
    async prepare() {
      await pause({ ...meant(transaction, to, context), underWay: { override: transaction.request.override } });
      context.look?.abort();
      return (await transaction.prepare?.()) ?? [];
    },
  };
  try {
    const result = (await transact(announced, context)) as Result;
    // Of what was done and could not be recorded the next daemon makes the rest.
    const isLeft = store.state.paused?.underWay !== undefined && !result.changes.some(({ status }) => status === 'ok');
    if (isLeft && result.applyable) await pause(result.outcome === 'noChanges' ? arrived(before, meant(transaction, to, context)) : before);
    if (result.applyable && isPaused(context))
      context.events.emit({ type: 'paused', message: `automatic runs are paused: back at generation ${to}` });
    return result;
  } catch (error) {
    // Nothing was changed. A disk that does not take that either leaves it to the next daemon.
    if (store.state.paused !== before) await pause(before).catch(() => {});
    throw error;
  }
}

function meant({ reason, by }: Transaction, to: number, { ports }: EngineContext): Paused {
  return { since: new Date(ports.clock.now()).toISOString(), rollbackOf: to, reason, ...byOf(by) };
}

/** Who was there already has not come there anew. */
function arrived(before: Paused | null, now: Paused): Paused {
  const { underWay, ...rest } = before?.rollbackOf === now.rollbackOf ? before : now;
  return rest;
}
