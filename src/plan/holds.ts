import type { Hold } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';

export interface Holds {
  /** The hold that keeps this name as it is, unless the run names it and overrides. */
  of(name: string): Hold | undefined;
  /** True if everything is held. */
  readonly frozen: boolean;
  /** Names that the run gives and that are held without an override. */
  readonly refused: readonly string[];
}

/** Which names are held now. A hold that has expired holds nothing. */
export function holdsOf({ holds, request, now }: PlanInput, dropped: ReadonlySet<string>): Holds {
  const byName = new Map<string, Hold>();
  for (const hold of holds) if (hold.until === null || hold.until > now) byName.set(hold.name, hold);
  const all = byName.get('*');
  const named = new Set([...(request.scope ?? []), ...request.again, ...dropped]);
  const of = (name: string): Hold | undefined => byName.get(name) ?? all;

  return {
    of: (name) => (request.override && named.has(name) ? undefined : of(name)),
    frozen: all !== undefined,
    refused: request.override || byName.size === 0 ? [] : [...named].filter((name) => of(name) !== undefined).sort(),
  };
}
