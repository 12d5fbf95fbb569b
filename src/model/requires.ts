import type { Spec } from './fields/table.ts';

/** What a module needs to run. The name is that of a module, or of a service that one provides. */
export interface Requirement {
  readonly name: string;
  /** Reload me when it was reloaded. */
  readonly reload: boolean;
}

interface HasSpec {
  readonly spec: { readonly provides: readonly string[]; readonly priority: number };
}

const none: readonly Requirement[] = [];
const noNames: readonly string[] = [];

/** What the spec says it requires, and the service that loads it: that one takes its modules along wherever it goes. */
export function requirementsOf(spec: Pick<Spec, 'requires' | 'service'>): readonly Requirement[] {
  const { requires } = spec;
  const service = loaderOf(spec);
  const loader = service === null ? none : [{ name: service, reload: true }];
  if (requires.length === 0) return loader;
  return [...requires.map((item) => (typeof item === 'string' ? { name: item, reload: false } : item)), ...loader];
}

/** The names of the same. */
export function requiredNames(spec: Pick<Spec, 'requires' | 'service'>): readonly string[] {
  const { requires } = spec;
  const service = loaderOf(spec);
  if (requires.length === 0) return service === null ? noNames : [service];
  const names = requires.map((item) => (typeof item === 'string' ? item : item.name));
  return service === null ? names : [...names, service];
}

/** The service that loads the module into itself; null: muster does. */
export function loaderOf({ service }: Pick<Spec, 'service'>): string | null {
  return service === undefined || service === 'none' ? null : service;
}

/** By service the module that is to have it, where the config says so. */
export type Alternatives = ReadonlyMap<string, string>;

/** By service the one of its providers that has it: the one in `alternatives`, else the highest priority, ties by name. */
export function winners(modules: ReadonlyMap<string, HasSpec>, alternatives?: Alternatives): ReadonlyMap<string, string> {
  const byService = new Map<string, string>();
  for (const [name, { spec }] of modules) {
    for (const service of spec.provides) {
      const other = byService.get(service);
      if (other === undefined || wins(service, name, other, modules, alternatives)) byService.set(service, name);
    }
  }
  return byService;
}

function wins(
  service: string,
  name: string,
  other: string,
  modules: ReadonlyMap<string, HasSpec>,
  alternatives: Alternatives | undefined,
): boolean {
  const forced = alternatives?.get(service);
  if (forced === name || forced === other) return forced === name;
  const [priority = 0, least = 0] = [modules.get(name)?.spec.priority, modules.get(other)?.spec.priority];
  return priority > least || (priority === least && name < other);
}

/**
 * Which module is meant by a name in `requires`: the module of that name, else the one that has the service of that
 * name. A name of nobody stands for itself.
 */
export function providers(modules: ReadonlyMap<string, HasSpec>, alternatives?: Alternatives): (name: string) => string {
  const byService = winners(modules, alternatives);
  if (byService.size === 0) return (name) => name;
  return (name) => (modules.has(name) ? name : (byService.get(name) ?? name));
}
