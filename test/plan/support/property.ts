import fc from 'fast-check';
import type { Plan } from '../../../src/model/plan.ts';
import type { PlanInput } from '../../../src/model/plan-input.ts';

export type Planner = (input: PlanInput) => Plan;

/** What always holds of a planner. */
export interface Property {
  title: string;
  /** Throws, with the smallest world there is, where it does not hold. */
  check(plan: Planner, runs: number): void;
  /** Whether it holds in the worlds from number `from` up to `to`, at most `mostWorlds`; these are made once for all planners. */
  holds(plan: Planner, from: number, to: number): boolean;
}

/** The same worlds each time: a failure can be looked at again. */
const seed = 20_260;

export const mostWorlds = 300;

export function always<T>(title: string, arbitrary: fc.Arbitrary<T>, predicate: (value: T, plan: Planner) => void): Property {
  let worlds: readonly T[] | null = null;
  return {
    title,
    check: (plan, runs) => {
      fc.assert(
        fc.property(arbitrary, (value) => predicate(value, plan)),
        { seed, numRuns: runs },
      );
    },
    holds: (plan, from, to) => {
      worlds ??= fc.sample(arbitrary, { seed, numRuns: mostWorlds });
      try {
        for (const world of worlds.slice(from, to)) predicate(world, plan);
        return true;
      } catch {
        return false;
      }
    },
  };
}
