import type { Desired, Loaded } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { winners } from '../model/requires.ts';
import { offersOf } from './choose.ts';
import type { Fixed } from './fixed.ts';
import { type Relations, relationsBy } from './requires.ts';
import type { Services } from './services.ts';

/** How the loaded modules refer to each other. */
export function lastRelations({ loaded, config }: PlanInput, { providing }: Services<Loaded>): Relations {
  if (providing.size === 0) return relationsBy((name) => name);
  const byService = winners(providing, config.alternatives);
  return relationsBy((name) => (loaded.has(name) ? name : (byService.get(name) ?? name)));
}

/**
 * How the wanted modules refer to each other. What none of them provides as things are may be meant of one that is held,
 * and what none provides at all may be had by who is loaded.
 */
export function nextRelations(
  input: PlanInput,
  wanted: ReadonlyMap<string, Desired>,
  { providing }: Services<Desired>,
  last: Relations,
  fixed: Fixed,
): Relations {
  if (providing.size === 0) return relationsBy((name) => (wanted.has(name) ? name : last.resolve(name)));
  const { alternatives } = input.config;
  const byService = winners(offersOf(providing, input, fixed), alternatives);
  const declared = winners(providing, alternatives);
  return relationsBy((name) => (wanted.has(name) ? name : (byService.get(name) ?? declared.get(name) ?? last.resolve(name))));
}
