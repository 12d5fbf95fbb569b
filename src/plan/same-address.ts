import type { CodeSpec, Spec } from '../model/fields/table.ts';
import type { Loaded } from '../model/module.ts';

/** Modules that come with muster and listen at `config.listen`. */
const listening: ReadonlySet<string> = new Set(['builtin:gateway', 'builtin:metrics']);

/**
 * Who listens where this one is to, is the same module, and leaves; undefined: nobody, or more than one. An address cannot change
 * hands without a moment in which nobody has it; under another name the same instance goes on.
 */
export function leavingAddress(spec: Spec, leaving: readonly Loaded[]): string | undefined {
  const wanted = addressesOf(spec);
  const held = leaving.filter(
    (loaded) => moduleOf(loaded.spec) === moduleOf(spec) && addressesOf(loaded.spec).some((at) => wanted.includes(at)),
  );
  return held.length === 1 ? held[0]?.name : undefined;
}

/** As they are written. At any port nobody is in the way. */
function addressesOf(spec: Spec): readonly unknown[] {
  if (!listening.has(moduleOf(spec))) return [];
  const { listen = 'default' } = (spec as CodeSpec).config;
  const all: readonly unknown[] = Array.isArray(listen) ? listen : [listen];
  return all.filter((at) => typeof at === 'string' && !/(?:^|:)0+$/.test(at));
}

function moduleOf(spec: Spec): string {
  return 'module' in spec ? spec.module : '';
}
