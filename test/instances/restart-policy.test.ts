import { expect, test } from 'vitest';
import { nextRestart, noHistory, type RestartPolicy } from '../../src/instances/restart-policy.ts';

const backoff = { initial: 1000, factor: 2, max: 60_000, resetAfter: 10_000 };
const always: RestartPolicy = { policy: 'always', backoff };
const failure = { success: false, noRestart: false, ranFor: 0 };
const success = { ...failure, success: true };

test.each([
  ['never', failure, 'done'],
  ['never', success, 'done'],
  ['onFailure', failure, 'restart'],
  ['onFailure', success, 'done'],
  ['always', failure, 'restart'],
  ['always', success, 'restart'],
  ['always', { ...failure, noRestart: true }, 'done'],
] as const)('policy %s after %o means %s', (policy, exit, is) => {
  expect(nextRestart({ policy, backoff }, noHistory, exit, 0, 0.5).is).toBe(is);
});

test.each(['another', 'unknown'] as const)('what goes down by the fault of %s comes back whatever the policy is', (fault) => {
  const exit = { ...failure, fault };
  expect(nextRestart({ policy: 'never', backoff }, noHistory, exit, 0, 0.5)).toMatchObject({ is: 'restart', delayMs: 1000 });
  expect(nextRestart({ policy: 'onFailure', backoff }, noHistory, { ...exit, success: true }, 0, 0.5).is).toBe('restart');
});

test('a limit does not count what is the fault of another for certain', () => {
  const limited: RestartPolicy = { policy: 'never', backoff, limit: { count: 1, within: 60_000 } };
  const innocent = { ...failure, fault: 'another' as const };
  const perhaps = { ...failure, fault: 'unknown' as const };
  const { history } = step(limited, noHistory, perhaps);
  expect(step(limited, history, innocent)).toMatchObject({ history });
  expect(nextRestart(limited, history, perhaps, 0, 0.5).is).toBe('giveUp');
});

test('delays grow by the factor up to max and go on for ever there', () => {
  expect(delays(always, 9)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(delays(always, 2000).at(-1)).toBe(60_000);
});

test('chance makes a delay up to a tenth shorter or longer, but never longer than max', () => {
  expect(delays(always, 2, 0)).toEqual([900, 1800]);
  expect(delays(always, 2, 0.999999)).toEqual([1100, 2200]);
  expect(delays(always, 9, 0.999999).at(-1)).toBe(60_000);
});

test('after it ran for resetAfter the delays begin anew', () => {
  const first = step(always, noHistory, failure);
  const second = step(always, first.history, { ...failure, ranFor: 9999 });
  expect(second).toMatchObject({ delayMs: 2000, attempt: 2 });
  expect(step(always, second.history, { ...failure, ranFor: 10_000 })).toMatchObject({ delayMs: 1000, attempt: 1 });
});

test('a limit gives up at the restart that would be one too many within the window', () => {
  const limited: RestartPolicy = { policy: 'onFailure', backoff, limit: { count: 3, within: 60_000 } };
  let history = noHistory;
  for (const now of [0, 1000, 2000]) history = step(limited, history, failure, now).history;
  expect(nextRestart(limited, history, failure, 3000, 0.5)).toEqual({ is: 'giveUp', reason: 'restarted 3 times within 1m' });
  expect(nextRestart(limited, history, failure, 60_001, 0.5).is).toBe('restart');
});

test('a limit counts also what ran long enough to begin the delays anew', () => {
  const limited: RestartPolicy = { policy: 'always', backoff, limit: { count: 1, within: 60_000 } };
  const { history } = step(limited, noHistory, success, 0);
  expect(nextRestart(limited, history, { ...success, ranFor: 20_000 }, 20_000, 0.5).is).toBe('giveUp');
});

test('without a limit nothing piles up', () => {
  let history = noHistory;
  for (let n = 0; n < 100; n += 1) history = step(always, history, failure, n).history;
  expect(history.times).toEqual([]);
});

function step(policy: RestartPolicy, history: typeof noHistory, exit: typeof failure, now = 0, random = 0.5) {
  const next = nextRestart(policy, history, exit, now, random);
  if (next.is !== 'restart') throw new Error(`expected a restart, got ${next.is}`);
  return next;
}

function delays(policy: RestartPolicy, count: number, random = 0.5): number[] {
  let history = noHistory;
  return Array.from({ length: count }, () => {
    const next = step(policy, history, failure, 0, random);
    history = next.history;
    return next.delayMs;
  });
}
