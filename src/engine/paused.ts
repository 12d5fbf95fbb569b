import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import { type EngineContext, isPaused } from './context.ts';
import type { RunOptions } from './reconcile.ts';
import type { Transaction } from './transact.ts';

/** What triggers a run without anybody who asks for it. */
const automatic: ReadonlySet<string> = new Set(['watch', 'interval', 'selfHeal', 'source']);

export function isAutomatic(trigger: string): boolean {
  return automatic.has(trigger);
}

/** Throws EREFUSED for a run that nobody asks for while such are paused. To be asked when it begins: it may have waited for a rollback. */
export function assertMayRun(options: RunOptions, context: EngineContext): void {
  if (options.automatic !== true || !isPaused(context)) return;
  throw new MusterError('EREFUSED', 'automatic runs are paused after a rollback', { hint: 'muster reload applies the config' });
}

/**
 * Who asks for a run over the config wants that to be in force, also should the daemon die in the middle of it. A run that is
 * refused, or whose config does not hold, leaves all as it is.
 */
export function resuming(transaction: Transaction, { inForce }: RunOptions, context: EngineContext): Transaction {
  if (inForce === true || !isPaused(context)) return transaction;
  return {
    ...transaction,
    async prepare() {
      await context.ports.store.append({ type: 'paused', paused: null });
      context.events.emit({ type: 'paused', message: 'automatic runs go on' });
      return (await transaction.prepare?.()) ?? [];
    },
  };
}

/** What is said of a run that somebody has asked for and that has come to nothing. */
export function staysPaused({ applyable }: Pick<Plan, 'applyable'>, context: EngineContext): Diagnostic[] {
  if (applyable || !isPaused(context)) return [];
  const message = 'automatic runs stay paused: nothing of the config was applied';
  const hint = 'they go on with the next muster reload that is not refused';
  return [{ severity: 'warning', code: 'paused', message, hint, file: '', line: 0, column: 0, endLine: 0, endColumn: 0 }];
}

/** What a start says that loads what was gone back to, and not what the files have. */
export function stillPaused({ ports }: EngineContext): Diagnostic {
  const { generation, paused } = ports.store.state;
  const message = `generation ${generation} was started, not the config: automatic runs are paused since ${paused?.since}`;
  const hint = 'muster reload applies the config';
  return { severity: 'warning', code: 'paused', message, hint, file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
}
