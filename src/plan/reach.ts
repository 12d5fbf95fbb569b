import { globRegExp } from '../model/glob.ts';
import type { Desired } from '../model/module.ts';
import type { PlanInput, Request } from '../model/plan-input.ts';
import { closure, type Relations } from './requires.ts';

export interface Reach {
  /** Whether the run is about this name at all. */
  includes(name: string): boolean;
  /** Whether `only` and `skip` let this name change. */
  passes(name: string): boolean;
}

/**
 * Which names a run may change. A run on some names also loads what these require and is not loaded yet: a module never
 * starts without what it requires.
 */
export function reachOf(input: PlanInput, wanted: ReadonlyMap<string, Desired>, next: Relations, dropped: ReadonlySet<string>): Reach {
  const { scope } = input.request;
  const names = scope === null ? null : new Set([...scope, ...dropped, ...missingFor(scope, input, wanted, next, dropped)]);

  return {
    includes: (name) => names === null || names.has(name),
    passes: filterOf(input.request),
  };
}

function missingFor(
  scope: ReadonlySet<string>,
  { loaded }: PlanInput,
  wanted: ReadonlyMap<string, Desired>,
  next: Relations,
  dropped: ReadonlySet<string>,
): Set<string> {
  return closure(scope, (name) => {
    const module = dropped.has(name) ? undefined : wanted.get(name);
    return module === undefined ? [] : next.requiredBy(module.spec).filter((other) => wanted.has(other) && !loaded.has(other));
  });
}

/** Whether `only` and `skip` let a name change. */
export function filterOf({ only, skip }: Pick<Request, 'only' | 'skip'>): (name: string) => boolean {
  if (only.length === 0 && skip.length === 0) return () => true;
  const onlyPatterns = only.map(globRegExp);
  const skipPatterns = skip.map(globRegExp);
  return (name) =>
    (onlyPatterns.length === 0 || onlyPatterns.some((pattern) => pattern.test(name))) &&
    !skipPatterns.some((pattern) => pattern.test(name));
}
