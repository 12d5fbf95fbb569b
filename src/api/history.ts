import { diff } from '../engine/diff.ts';
import { history, historyOf } from '../engine/history.ts';
import { dryRun } from '../engine/reconcile.ts';
import { rollbackTo } from '../engine/rollback.ts';
import type { Handlers } from './call.ts';
import { progressTo, requestOf, wholeRun } from './run.ts';

/** What was in force before, and the way back to it. */
export const historyHandlers: Pick<Handlers, 'history' | 'rollback' | 'diff'> = {
  history: ({ generation }, _call, { engine }) =>
    generation === undefined ? history(engine.context) : historyOf(generation, engine.context),

  async rollback(params, call, ports) {
    const { context } = ports.engine;
    const { to: number, dryRun: dry, lockTimeout, wait, timeout, reason, by, progress, ...request } = params;
    const to = await rollbackTo(number, context);
    const options = {
      reason: reason ?? null,
      by,
      request: requestOf(request),
      rollback: { to },
      onProgress: progressTo({ progress }, call),
    };
    if (dry === true) return dryRun(options, context);
    const key = `rollback ${to} ${JSON.stringify(request)}`;
    return wholeRun({ key, trigger: 'rollback', options, lockTimeout }, { wait, timeout }, call, ports);
  },

  diff: (params, _call, { engine }) => diff(params, engine.context),
};
