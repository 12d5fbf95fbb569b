import { MusterError } from '../model/error.ts';
import { globRegExp, isGlob } from '../model/glob.ts';
import type { Loaded } from '../model/module.ts';
import { type Alternatives, providers, requirementsOf } from '../model/requires.ts';

/** The loaded modules that NAME... stands for: exact names, globs, or the path of exactly one. Throws ENOENT for what fits none, EINVAL for a path of several. */
export function loadedNames(patterns: readonly string[], loaded: ReadonlyMap<string, Loaded>, forgive = false): string[] {
  const names = new Set<string>();
  for (const pattern of patterns) {
    const found = matches(pattern, loaded);
    if (found.length === 0 && !forgive) throw notLoaded(pattern, loaded);
    for (const name of found) names.add(name);
  }
  return [...names].sort();
}

export function notLoaded(name: string, loaded: ReadonlyMap<string, unknown>): MusterError {
  const known = [...loaded.keys()].sort();
  const shown = known.length > 10 ? `${known.slice(0, 10).join(', ')} and ${known.length - 10} more` : known.join(', ');
  return new MusterError('ENOENT', `no module "${name}" is loaded${known.length === 0 ? '' : `; loaded: ${shown}`}`, {
    hint: 'muster list',
  });
}

function matches(pattern: string, loaded: ReadonlyMap<string, Loaded>): string[] {
  if (loaded.has(pattern)) return [pattern];
  if (isGlob(pattern)) {
    const expression = globRegExp(pattern);
    return [...loaded.keys()].filter((name) => expression.test(name));
  }
  const ofPath = [...loaded.values()].filter((module) => module.path === pattern).map((module) => module.name);
  if (ofPath.length < 2) return ofPath;
  throw new MusterError('EINVAL', `${pattern} is the path of ${ofPath.sort().join(', ')}`, { hint: 'name those that you mean' });
}

/** Those that require one of these, directly or through others; with `reload` only those that reload with them. */
export function dependentsOf(
  names: Iterable<string>,
  loaded: ReadonlyMap<string, Pick<Loaded, 'spec'>>,
  kind: 'any' | 'reload',
  alternatives?: Alternatives,
): string[] {
  const found = new Set(names);
  const provider = providers(loaded, alternatives);
  const needs = ({ spec }: Pick<Loaded, 'spec'>): boolean =>
    requirementsOf(spec).some((item) => (kind === 'any' || item.reload) && found.has(provider(item.name)));
  for (let grew = true; grew; ) {
    grew = false;
    for (const [name, module] of loaded) {
      if (found.has(name) || !needs(module)) continue;
      found.add(name);
      grew = true;
    }
  }
  return [...found].sort();
}
