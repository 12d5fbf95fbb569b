import type { Fault } from '../model/driver.ts';
import type { Spec } from '../model/fields/table.ts';
import { formatDuration } from '../model/units.ts';

export type RestartPolicy = Spec['restart'];

/** What is remembered between two exits. Plain data; a new object per exit. */
export interface RestartHistory {
  /** Restarts in the current series, since it last ran for `resetAfter`: the exponent of the delay. */
  readonly series: number;
  /** When restarts were decided (ms), as far as the window of the limit reaches. */
  readonly times: readonly number[];
}

/** One end that nobody asked for. */
export interface Exit {
  readonly success: boolean;
  /** Its exit code is one of `exitStatus.noRestart`. */
  readonly noRestart: boolean;
  /** How long it had been running (state R), ms; 0 if its start failed. */
  readonly ranFor: number;
  /** Not its own: it comes back whatever its policy says. Another's for certain is not held against it either. */
  readonly fault?: Fault | undefined;
}

export type NextRestart =
  | { readonly is: 'restart'; readonly delayMs: number; readonly attempt: number; readonly history: RestartHistory }
  | { readonly is: 'giveUp'; readonly reason: string }
  | { readonly is: 'done' };

export const noHistory: RestartHistory = { series: 0, times: [] };

/** Each delay is this share longer or shorter by chance, so that what fell together does not come back together. */
const jitter = 0.1;

/** Whether and when an ended module is started again. `random` is from 0 up to 1. */
export function nextRestart(policy: RestartPolicy, history: RestartHistory, exit: Exit, now: number, random: number): NextRestart {
  const { limit, backoff } = policy;
  if (exit.fault === 'another') {
    const { series } = history;
    return { is: 'restart', delayMs: delayOf(backoff, series, random), attempt: series + 1, history };
  }
  if (exit.fault === undefined && !wantsRestart(policy, exit)) return { is: 'done' };
  const times = limit === undefined ? [] : history.times.filter((time) => now - time < limit.within);
  if (limit !== undefined && times.length >= limit.count) {
    return { is: 'giveUp', reason: `restarted ${times.length} times within ${formatDuration(limit.within)}` };
  }
  const series = exit.ranFor >= backoff.resetAfter ? 0 : history.series;
  return {
    is: 'restart',
    delayMs: delayOf(backoff, series, random),
    attempt: series + 1,
    history: { series: series + 1, times: limit === undefined ? times : [...times, now] },
  };
}

function wantsRestart({ policy }: RestartPolicy, { success, noRestart }: Exit): boolean {
  return policy !== 'never' && !noRestart && (policy === 'always' || !success);
}

/** `initial * factor^series` with jitter, never above `max`: a factor to the power of many is Infinity, which `max` bounds too. */
function delayOf(backoff: RestartPolicy['backoff'], series: number, random: number): number {
  const exact = Math.min(backoff.initial * backoff.factor ** series, backoff.max);
  return Math.round(Math.min(exact * (1 - jitter + 2 * jitter * random), backoff.max));
}
