import type { Spec } from '../model/fields/table.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { loaderOf, providers, requirementsOf } from '../model/requires.ts';
import { closure, type Relations, referrers } from './requires.ts';

export interface Drops {
  /** What the command removes: the names it gives and, if recursive, what depends on them. */
  readonly names: ReadonlySet<string>;
  /** Given name -> its dependents that are in the way. */
  readonly inUse: ReadonlyMap<string, readonly string[]>;
}

/** The names that a command removes, and what forbids it. */
export function drops(input: PlanInput, last: Relations): Drops {
  const { request, loaded } = input;
  if (request.drop.size === 0) return { names: request.drop, inUse: new Map() };
  const met = metOtherwise(input);
  const dependents = referrers(loaded, (spec) => requiredWithout(spec, last, (name, by) => request.drop.has(by) && met(name)));
  const all = closure(request.drop, (name) => dependents.get(name) ?? []);
  if (request.recursive) return { names: new Set([...request.drop, ...all]), inUse: new Map() };

  const inUse = new Map<string, string[]>();
  for (const name of [...request.drop].sort()) {
    const users = (dependents.get(name) ?? []).filter((user) => !request.drop.has(user));
    if (loaded.has(name) && users.length > 0) inUse.set(name, users);
  }
  return { names: request.drop, inUse };
}

/** Whether another module that stays has the service too. */
function metOtherwise({ request, loaded, config }: PlanInput): (name: string) => boolean {
  const left = new Map([...loaded].filter(([name, { spec }]) => spec.provides.length > 0 && !request.drop.has(name)));
  const resolve = providers(left, config.alternatives);
  return (name) => !loaded.has(name) && left.has(resolve(name));
}

/** Whoever is loaded by a service is in the thread of the one that has it, and of no other. */
function requiredWithout(spec: Spec, { resolve }: Relations, isMet: (name: string, by: string) => boolean): readonly string[] {
  const loader = loaderOf(spec);
  return requirementsOf(spec).flatMap(({ name }) => {
    const by = resolve(name);
    return name !== loader && isMet(name, by) ? [] : [by];
  });
}
