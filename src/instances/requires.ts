import type { Spec } from '../model/fields/table.ts';

/** The names a module needs, as its spec says. */
export function requiredNames(spec: Spec): string[] {
  return spec.requires.map((need) => (typeof need === 'string' ? need : need.name));
}

/** Who needs a name, sorted, for all names that are needed. */
export function dependents(specs: Iterable<readonly [name: string, spec: Spec]>): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, string[]>();
  for (const [name, spec] of specs) {
    for (const needed of requiredNames(spec)) {
      const list = result.get(needed);
      if (list === undefined) result.set(needed, [name]);
      else list.push(name);
    }
  }
  for (const list of result.values()) list.sort();
  return result;
}
