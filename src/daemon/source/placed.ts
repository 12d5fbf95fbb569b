import type { ConfigOutcome, ConfigSet } from '../../model/config-set.ts';
import type { Diagnostic, Position } from '../../model/diagnostic.ts';
import type { Declared } from '../../model/module.ts';
import { isBelow } from '../../model/place.ts';

/** Shows places in a checkout as the repository calls them, with the commit. The same objects for the same objects. */
export function createPlaces(root: string) {
  const known = new WeakMap<Declared, Declared>();
  const within = <P extends Position>(place: P): P =>
    isBelow(place.file, root) ? { ...place, file: place.file.slice(root.length + 1) } : place;

  const declared = (module: Declared): Declared => {
    const placed = known.get(module) ?? Object.freeze({ ...module, source: Object.freeze(within(module.source)) });
    known.set(module, placed);
    return placed;
  };
  const found =
    (revision: string | null) =>
    (diagnostic: Diagnostic): Diagnostic => {
      if (!isBelow(diagnostic.file, root)) return diagnostic;
      const message = diagnostic.message.replaceAll(`${root}/`, '');
      return { ...within(diagnostic), message, ...(revision === null ? {} : { revision }) };
    };

  return {
    within,
    /** With what else is to be said of it. */
    placed(outcome: ConfigOutcome, revision: string | null, more: readonly Diagnostic[]): ConfigOutcome {
      if (!outcome.ok) return { ...outcome, diagnostics: [...outcome.diagnostics.map(found(revision)), ...more] };
      const { modules, warnings } = outcome.config;
      const config: ConfigSet = {
        ...outcome.config,
        modules: new Map([...modules].map(([name, module]) => [name, declared(module)])),
        warnings: [...warnings.map(found(revision)), ...more],
      };
      return { ok: true, config: Object.freeze(config) };
    },
  };
}
