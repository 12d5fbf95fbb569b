import { MusterError } from '../model/error.ts';
import { isOneshot } from '../model/oneshot.ts';
import { formatDuration } from '../model/units.ts';
import type { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';
import type { RunEnd } from './run.ts';
import { failureOf, type Starting } from './runs.ts';
import { startBoundOf } from './start-bound.ts';

/** A start under way, and since when. */
export interface Begun extends Starting {
  readonly since: number;
}

/**
 * It ended by itself: what its policy says. Of a oneshot `begun` is the start that it has failed in, which goes on over its
 * restarts: returned as long as it does.
 */
export function afterOwnEnd(
  instance: Instance,
  end: RunEnd,
  begun: Begun | null,
  { clock, emit }: Pick<InstancePorts, 'clock' | 'emit'>,
): Begun | null {
  const { name, spec, restarts, status, standing } = instance;
  const { ended, startError, ranSince } = end;
  const ranFor = ranSince === null ? 0 : clock.now() - ranSince;
  const verdict = restarts.after({ ended, startError: startError?.message ?? null, ranFor }, spec, () => instance.restart(null));
  switch (verdict.is) {
    case 'backOff': {
      const { delayMs, attempt } = verdict;
      const late = begun === null ? null : lateAfter(delayMs, begun);
      if (late !== null) {
        restarts.cancel();
        fail(`${late}; last: ${startError?.message ?? ended.reason}`);
        return null;
      }
      if (ended.fault !== 'another') instance.crashLoop.count(ended.reason);
      status.set(verdict.failure ? 'error' : 'core', verdict.why);
      standing.enter('B', verdict.why);
      emit({ type: 'restart', name, delayMs, attempt });
      return begun;
    }
    case 'failed':
      fail(verdict.why);
      if (verdict.gaveUp) emit({ type: 'gaveUp', name, reason: verdict.why });
      return null;
    case 'done':
      status.note(verdict.why);
      standing.enter('E', verdict.why);
      return null;
  }

  function fail(why: string): void {
    const { code, output } = failureOf(end);
    instance.fail(why);
    begun?.reject(new MusterError(code, why, output === undefined ? {} : { output }));
  }

  /** No attempt begins when the time for all of them is over. */
  function lateAfter(delayMs: number, { since }: Begun): string | null {
    const { ms, field } = startBoundOf(spec);
    if (!isOneshot(spec) || ms === null || clock.now() + delayMs < since + ms) return null;
    return `not done within ${formatDuration(ms)} (${field}) after ${restarts.count + 1} attempts`;
  }
}

/** A oneshot has done its work. */
export function onFinished({ standing, status }: Instance, { startedAt }: RunEnd, { clock }: Pick<InstancePorts, 'clock'>): void {
  const at = clock.now();
  const why = `finished after ${formatDuration(rounded(at - startedAt))}`;
  standing.finished = { at, why };
  status.set('core', why);
  standing.enter('E', why);
}

/** Short ones to the millisecond, others to the second. */
function rounded(ms: number): number {
  return ms < 1000 ? ms : Math.round(ms / 1000) * 1000;
}
