import type { Spec } from '../../../src/model/fields/table.ts';

type Modules = ReadonlyMap<string, { readonly spec: Spec }>;

/** Said once more, in the plainest way, to judge the planner by. */
export function providersOf(service: string, modules: Modules, alternatives: Readonly<Record<string, string>> = {}): string[] {
  const names = [...modules].filter(([, { spec }]) => spec.provides.includes(service)).map(([name]) => name);
  const priority = (name: string): number => modules.get(name)?.spec.priority ?? 0;
  const forced = alternatives[service];
  const rank = (name: string): number => (name === forced ? Number.POSITIVE_INFINITY : priority(name));
  return names.sort((a, b) => (rank(a) === rank(b) ? (a < b ? -1 : 1) : rank(b) - rank(a)));
}

/** The module that a name stands for; undefined: none of these. */
export function standsFor(name: string, modules: Modules, alternatives?: Readonly<Record<string, string>>): string | undefined {
  return modules.has(name) ? name : providersOf(name, modules, alternatives)[0];
}

/** What it requires, as it is written, with the service that loads it. */
export function requirements({ requires, service }: Spec): { name: string; reload: boolean }[] {
  const written = requires.map((item) => (typeof item === 'string' ? { name: item, reload: false } : item));
  return service === undefined ? written : [...written, { name: service, reload: true }];
}

export function byName<T extends { name: string }>(modules: readonly T[]): Map<string, T> {
  return new Map(modules.map((module) => [module.name, module]));
}
