import type { Spec } from '../model/fields/table.ts';
import { type Alternatives, providers, requirementsOf } from '../model/requires.ts';

/** Which module needs which: both ways by names of modules, sorted, nobody itself. A name that nobody answers to stands for itself. */
export interface Needs {
  of(name: string): readonly string[];
  by(name: string): readonly string[];
}

const none: readonly string[] = [];

export function needsOf(modules: ReadonlyMap<string, { readonly spec: Spec }>, alternatives?: Alternatives): Needs {
  const provider = providers(modules, alternatives);
  const needed = new Map<string, readonly string[]>();
  const needing = new Map<string, string[]>();
  for (const name of [...modules.keys()].sort()) {
    const requirements = requirementsOf((modules.get(name) as { spec: Spec }).spec);
    if (requirements.length === 0) continue;
    const names = new Set(requirements.map((requirement) => provider(requirement.name)));
    names.delete(name);
    needed.set(name, [...names].sort());
    for (const other of names) {
      const list = needing.get(other);
      if (list === undefined) needing.set(other, [name]);
      else list.push(name);
    }
  }
  return { of: (name) => needed.get(name) ?? none, by: (name) => needing.get(name) ?? none };
}
