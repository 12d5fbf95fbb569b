import type { Spec } from '../model/fields/table.ts';

interface HasSpec {
  readonly spec: Spec;
}

const none: readonly string[] = [];

/** The names a module requires. */
export function requiredBy(spec: Spec): readonly string[] {
  if (spec.requires.length === 0) return none;
  return spec.requires.map((entry) => (typeof entry === 'string' ? entry : entry.name));
}

/** Those of them whose reload reloads the module too. */
export function reloadedWith(spec: Spec): readonly string[] {
  if (!spec.requires.some((entry) => typeof entry !== 'string' && entry.reload)) return none;
  return spec.requires.flatMap((entry) => (typeof entry !== 'string' && entry.reload ? [entry.name] : []));
}

/** Name -> the names that refer to it, by `names`; sorted lists, so that nothing depends on the order of a map. */
export function referrers(modules: ReadonlyMap<string, HasSpec>, names: (spec: Spec) => readonly string[]): Map<string, string[]> {
  const result = new Map<string, string[]>();
  for (const [name, { spec }] of modules) {
    for (const other of names(spec)) {
      const list = result.get(other);
      if (list === undefined) result.set(other, [name]);
      else list.push(name);
    }
  }
  for (const list of result.values()) list.sort();
  return result;
}

/** All that can be reached from `start` over `next`, without `start` itself unless a cycle leads back. */
export function closure(start: Iterable<string>, next: (name: string) => Iterable<string>): Set<string> {
  const found = new Set<string>();
  const queue = [...start];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const other of next(name)) {
      if (found.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return found;
}
