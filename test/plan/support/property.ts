import fc from 'fast-check';
import type { Plan } from '../../../src/model/plan.ts';
import type { PlanInput } from '../../../src/model/plan-input.ts';

export type Planner = (input: PlanInput) => Plan;

/** What always holds of a planner; `check` throws where it does not. */
export interface Property {
  title: string;
  check(plan: Planner, runs: number, options?: { shrink: boolean }): void;
}

/** The same worlds each time: a failure can be looked at again. */
const seed = 20_260;

export function always<T>(title: string, arbitrary: fc.Arbitrary<T>, predicate: (value: T, plan: Planner) => void): Property {
  return {
    title,
    check: (plan, runs, { shrink } = { shrink: true }) => {
      fc.assert(
        fc.property(arbitrary, (value) => predicate(value, plan)),
        { seed, numRuns: runs, endOnFailure: !shrink },
      );
    },
  };
}
