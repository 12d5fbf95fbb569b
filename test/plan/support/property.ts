import fc from 'fast-check';
import type { Plan } from '../../../src/model/plan.ts';
import type { PlanInput } from '../../../src/model/plan-input.ts';

export type Planner = (input: PlanInput) => Plan;

/** What always holds of a planner. */
export interface Property {
  title: string;
  /** Throws, with the smallest world there is, where it does not hold. */
  check(plan: Planner, runs: number): void;
  /** Whether it holds in the worlds from number `from` up to `to`. */
  holds(plan: Planner, from: number, to: number): boolean;
}

/** The same worlds each time: a failure can be looked at again. */
const seed = 20_260;

export const mostWorlds = 300;

export function always<T>(title: string, arbitrary: fc.Arbitrary<T>, predicate: (value: T, plan: Planner) => void): Property {
  return {
    title,
    check: (plan, runs) => {
      try {
        for (const world of drawn(arbitrary, runs)) predicate(world, plan);
      } catch (error) {
        // It draws the same worlds, and looks for the smallest.
        fc.assert(
          fc.property(arbitrary, (value) => predicate(value, plan)),
          { seed, numRuns: runs },
        );
        throw error;
      }
    },
    holds: (plan, from, to) => {
      try {
        for (const world of drawn(arbitrary, to).slice(from, to)) predicate(world, plan);
        return true;
      } catch {
        return false;
      }
    },
  };
}

const known = new WeakMap<fc.Arbitrary<unknown>, readonly unknown[]>();

/** The first so many worlds, made once for all properties that are about the same: that takes longer than to plan in them. */
function drawn<T>(arbitrary: fc.Arbitrary<T>, count: number): readonly T[] {
  let worlds = (known.get(arbitrary) ?? []) as readonly T[];
  if (worlds.length < count) {
    worlds = fc.sample(arbitrary, { seed, numRuns: count });
    known.set(arbitrary, worlds);
  }
  return worlds.slice(0, count);
}
