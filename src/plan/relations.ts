import type { Desired } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { providers, winners } from '../model/requires.ts';
import { type IsFixed, offersOf } from './choose.ts';
import { type Relations, relationsBy } from './requires.ts';

/** How the loaded modules refer to each other. */
export function lastRelations({ loaded, config }: PlanInput): Relations {
  return relationsBy(providers(loaded, config.alternatives));
}

/**
 * How the wanted modules refer to each other. What none of them provides as things are may be meant of one that is held,
 * and what none provides at all may be had by who is loaded.
 */
export function nextRelations(input: PlanInput, wanted: ReadonlyMap<string, Desired>, last: Relations, isFixed: IsFixed): Relations {
  const { alternatives } = input.config;
  const byService = winners(offersOf(wanted, input, isFixed), alternatives);
  const declared = winners(wanted, alternatives);
  if (declared.size === 0 && byService.size === 0) return relationsBy((name) => (wanted.has(name) ? name : last.resolve(name)));
  return relationsBy((name) => (wanted.has(name) ? name : (byService.get(name) ?? declared.get(name) ?? last.resolve(name))));
}
