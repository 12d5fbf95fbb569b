import { type Alternatives, providers } from '../model/requires.ts';
import type { Evaluated } from './entry.ts';

/** How declared modules refer to each other, services resolved. Disabled ones are not there. */
export interface Relations {
  /** The module that a name stands for; undefined where it is none that is enabled. */
  target(name: string): Evaluated | undefined;
  /** The modules that this one waits for. */
  waitsFor(name: string): readonly string[];
}

export function relationsOf(modules: ReadonlyMap<string, Evaluated>, alternatives: Alternatives): Relations {
  const offering = new Map(
    [...modules.values()]
      .filter(({ provides, disabled }) => provides.length > 0 && !disabled)
      .map(({ name, provides, entry }) => [name, { spec: { provides, priority: entry?.spec.priority ?? 0 } }] as const),
  );
  const byService = providers(offering, alternatives);
  const target = (name: string): Evaluated | undefined => {
    const own = modules.get(name);
    if (own?.disabled === false) return own;
    return offering.size === 0 ? undefined : modules.get(byService(name));
  };
  return {
    target(name) {
      const found = target(name);
      return found?.disabled === false ? found : undefined;
    },
    waitsFor(name) {
      const module = modules.get(name);
      if (module === undefined || module.disabled) return [];
      const names = [...module.requires, ...module.after].map((reference) => reference.name);
      if (module.service !== null) names.push(module.service);
      return names.flatMap((other) => {
        const found = target(other);
        return found?.disabled === false ? [found.name] : [];
      });
    },
  };
}
