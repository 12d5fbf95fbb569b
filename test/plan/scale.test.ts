import { expect, test } from 'vitest';
import { plan } from '../../src/plan/plan.ts';
import { type Given, planInput } from './support/input.ts';
import { desired, loaded } from './support/modules.ts';

const names = Array.from({ length: 10_000 }, (_, index) => `module-${index}`);
/** About 15 ms on two busy cores; a planner that is quadratic anywhere takes seconds. */
const boundMs = 200;

test('one change among 10,000 modules is planned in milliseconds', () => {
  const given: Given = {
    loaded: names.map((name, index) => loaded(name, { requires: index % 10 === 0 ? [] : [`module-${index - (index % 10)}`] })),
    desired: names.map((name, index) =>
      desired(name, { requires: index % 10 === 0 ? [] : [`module-${index - (index % 10)}`], ...(index === 5000 ? { args: ['x'] } : {}) }),
    ),
  };
  const { result, ms } = timed(given);
  expect(result.summary).toMatchObject({ reload: 1, unchanged: 9_999 });
  expect(ms).toBeLessThan(boundMs);
});

test('10,000 modules that require one after the other are ordered in less than a second', () => {
  const { result, ms } = timed({
    desired: names.map((name, index) => desired(name, { requires: index === 0 ? [] : [`module-${index - 1}`] })),
  });
  expect(result.changes.map((change) => change.name)).toEqual(names);
  expect(ms).toBeLessThan(5 * boundMs);
});

/** Milliseconds of processor time, the best of three: the first pays for compiling the planner. */
function timed(given: Given) {
  const input = planInput(given);
  const times = [0, 1, 2].map(() => {
    const start = process.cpuUsage();
    plan(input);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return { result: plan(input), ms: Math.min(...times) };
}
