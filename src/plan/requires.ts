import type { Spec } from '../model/fields/table.ts';
import { loaderOf, requiredNames, requirementsOf } from '../model/requires.ts';

interface HasSpec {
  readonly spec: Spec;
}

/** How the modules of one set refer to each other; names of services are resolved to the modules that have them. */
export interface Relations {
  /** The module that a name stands for; a name of nobody stands for itself. */
  resolve(name: string): string;
  /** What a module requires, the one that loads it among them. */
  requiredBy(spec: Spec): readonly string[];
  /** Those of them whose reload reloads the module too. */
  reloadedWith(spec: Spec): readonly string[];
  /** The module that loads it into itself; null: none. */
  hostOf(spec: Spec): string | null;
}

const none: readonly string[] = [];

export function relationsBy(resolve: (name: string) => string): Relations {
  return {
    resolve,
    requiredBy(spec) {
      const names = requiredNames(spec);
      return names.length === 0 ? names : names.map(resolve);
    },
    reloadedWith(spec) {
      if (loaderOf(spec) === null && !spec.requires.some((item) => typeof item !== 'string' && item.reload)) return none;
      return requirementsOf(spec)
        .filter(({ reload }) => reload)
        .map(({ name }) => resolve(name));
    },
    hostOf(spec) {
      const service = loaderOf(spec);
      return service === null ? null : resolve(service);
    },
  };
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
