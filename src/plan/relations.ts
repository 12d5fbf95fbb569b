import type { Desired } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { providers } from '../model/requires.ts';
import { type Relations, relationsBy } from './requires.ts';

/** How the wanted and how the loaded modules refer to each other. What nobody wanted has may be had by who stays loaded. */
export function relationsOf(
  { loaded, config: { alternatives } }: PlanInput,
  wanted: ReadonlyMap<string, Desired>,
): { next: Relations; last: Relations } {
  const amongLoaded = providers(loaded, alternatives);
  const amongWanted = providers(wanted, alternatives);
  const resolve = (name: string): string => {
    const found = amongWanted(name);
    return wanted.has(found) ? found : amongLoaded(name);
  };
  return { next: relationsBy(resolve), last: relationsBy(amongLoaded) };
}
