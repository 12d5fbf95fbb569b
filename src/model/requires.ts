import type { Spec } from './fields/table.ts';

/** What a module needs to run. The name is that of a module, or of a service that one provides. */
export interface Requirement {
  readonly name: string;
  /** Reload me when it was reloaded. */
  readonly reload: boolean;
}

interface HasSpec {
  readonly spec: Spec;
}

const none: readonly Requirement[] = [];

/** What the spec says it requires, and the service that loads it: that one takes its modules along wherever it goes. */
export function requirementsOf({ requires, service }: Spec): readonly Requirement[] {
  const loader = service === undefined || service === 'none' ? none : [{ name: service, reload: true }];
  if (requires.length === 0) return loader;
  return [...requires.map((item) => (typeof item === 'string' ? { name: item, reload: false } : item)), ...loader];
}

/**
 * Which module is meant by a name in `requires`: the module of that name, else the one that provides the service of that
 * name: the highest priority, ties by name. A name of nobody stands for itself.
 */
export function providers(modules: ReadonlyMap<string, HasSpec>): (name: string) => string {
  const byService = new Map<string, string>();
  for (const [name, { spec }] of modules) {
    for (const service of spec.provides) {
      const other = byService.get(service);
      if (other === undefined || comesBefore(name, spec, other, modules.get(other)?.spec)) byService.set(service, name);
    }
  }
  if (byService.size === 0) return (name) => name;
  return (name) => (modules.has(name) ? name : (byService.get(name) ?? name));
}

function comesBefore(name: string, spec: Spec, other: string, otherSpec: Spec | undefined): boolean {
  const least = otherSpec?.priority ?? Number.NEGATIVE_INFINITY;
  return spec.priority > least || (spec.priority === least && name < other);
}
