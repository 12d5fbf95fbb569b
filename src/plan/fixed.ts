import type { Loaded } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Holds } from './holds.ts';

/** How a module stays, whatever is wanted of it, because it is held or left out by a filter; null: it need not stay so. */
export type Fixed = (name: string) => { readonly now: Loaded | undefined } | null;

export function fixedBy(
  { loaded }: PlanInput,
  holds: Holds,
  passes: (name: string) => boolean,
  renames: ReadonlyMap<string, string>,
): Fixed {
  return (name) => {
    const from = renames.get(name) ?? name;
    const isHeld = holds.of(name) !== undefined || holds.of(from) !== undefined;
    return isHeld || !passes(name) ? { now: loaded.get(from) } : null;
  };
}
