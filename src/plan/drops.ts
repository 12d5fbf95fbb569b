import type { PlanInput } from '../model/plan-input.ts';
import { closure, referrers, requiredBy } from './requires.ts';

export interface Drops {
  /** What the command removes: the names it gives and, if recursive, what depends on them. */
  readonly names: ReadonlySet<string>;
  /** Given name -> its dependents that are in the way. */
  readonly inUse: ReadonlyMap<string, readonly string[]>;
}

/** The names that a command removes, and what forbids it. */
export function drops({ request, loaded }: PlanInput): Drops {
  if (request.drop.size === 0) return { names: request.drop, inUse: new Map() };
  const dependents = referrers(loaded, requiredBy);
  const all = closure(request.drop, (name) => dependents.get(name) ?? []);
  if (request.recursive) return { names: new Set([...request.drop, ...all]), inUse: new Map() };

  const inUse = new Map<string, string[]>();
  for (const name of [...request.drop].sort()) {
    const users = (dependents.get(name) ?? []).filter((user) => !request.drop.has(user));
    if (loaded.has(name) && users.length > 0) inUse.set(name, users);
  }
  return { names: request.drop, inUse };
}
