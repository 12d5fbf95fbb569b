import type { Ended } from '../model/driver.ts';
import { exitStatusOf, isSuccess } from '../model/exit-status.ts';
import type { Spec } from '../model/fields/table.ts';
import { formatDuration } from '../model/units.ts';
import { nextRestart, type RestartHistory } from './restart-policy.ts';

/** What becomes of a module that ended without having been asked to. `why` is what a list shows. */
export type Verdict =
  | {
      readonly is: 'backOff';
      readonly failure: boolean;
      readonly why: string;
      readonly delayMs: number;
      readonly attempt: number;
      readonly history: RestartHistory;
    }
  | { readonly is: 'failed'; readonly why: string; readonly gaveUp: boolean }
  | { readonly is: 'done'; readonly why: string };

export interface OwnEnd {
  readonly ended: Ended;
  /** What its last start failed with; null if it ran. */
  readonly startError: string | null;
  readonly ranFor: number;
}

export function verdictOn(end: OwnEnd, spec: Spec, history: RestartHistory, now: number, random: number): Verdict {
  const { ended, startError, ranFor } = end;
  const status = exitStatusOf(spec);
  const reason = startError ?? ended.reason;
  const success = startError === null && isSuccess(ended, status);
  const noRestart = ended.error === null && ended.code !== null && status.noRestart.includes(ended.code);
  const next = nextRestart(spec.restart, history, { success, noRestart, ranFor, fault: ended.fault }, now, random);
  switch (next.is) {
    case 'restart': {
      const { delayMs, attempt } = next;
      return {
        is: 'backOff',
        failure: !success,
        why: `${reason}; again after ${formatDuration(rounded(delayMs))}`,
        delayMs,
        attempt,
        history: next.history,
      };
    }
    case 'giveUp':
      return { is: 'failed', gaveUp: true, why: `gave up: ${next.reason}; last: ${reason}` };
    case 'done':
      return success ? { is: 'done', why: reason } : { is: 'failed', gaveUp: false, why: reason };
  }
}

/** For people: jitter makes delays of odd milliseconds. */
function rounded(ms: number): number {
  const step = ms < 1000 ? 10 : 1000;
  return Math.max(step, Math.round(ms / step) * step);
}
