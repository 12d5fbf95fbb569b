import type { Loaded } from '../model/module.ts';
import { loaderOf, winners } from '../model/requires.ts';

type Modules = ReadonlyMap<string, Pick<Loaded, 'spec'>>;

/**
 * Of services that are to load modules and are no module: somebody may have them all the same. `all` says by service who has
 * registered it; it is asked only where that matters.
 */
export function registeredFor(desired: Modules, loaded: Modules, all: () => Iterable<readonly [string, string]>): Map<string, string> {
  const unknown = new Set<string>();
  for (const { spec } of desired.values()) {
    const service = loaderOf(spec);
    if (service !== null && !desired.has(service) && !loaded.has(service)) unknown.add(service);
  }
  if (unknown.size === 0) return new Map();
  const provided = winners(new Map([...loaded, ...desired]));
  for (const service of unknown) if (provided.has(service)) unknown.delete(service);
  return unknown.size === 0 ? new Map() : new Map([...all()].filter(([service]) => unknown.has(service)));
}
