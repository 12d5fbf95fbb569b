import type { Guard } from '../model/plan.ts';
import type { Policy } from '../model/policy.ts';
import { parsePercent } from '../model/units.ts';
import type { Draft } from './draft.ts';

/** Below this number of modules a share of them says nothing. */
const leastModules = 4;

/** The guards that had something to say about this plan. One that is not ok refuses the whole plan (CONTRACT §2). */
export function guards(draft: Draft): Guard[] {
  const empty = allowEmpty(draft);
  // An empty set that is allowed is allowed whole.
  const removals = empty?.ok === true ? null : maxRemovals(draft);
  return [removals, empty, protect(draft)].filter((guard) => guard !== null);
}

/** Removals that no command names. Renames are none. */
function removalsOf({ input, changes, dropped }: Draft): string[] {
  if (input.request.scope !== null) return [];
  return [...changes.values()].filter(({ name, action }) => action === 'remove' && !dropped.names.has(name)).map(({ name }) => name);
}

function maxRemovals(draft: Draft): Guard | null {
  const { input } = draft;
  const value = removalsOf(draft).length;
  const modules = Math.max(input.loaded.size, input.applied.names.length);
  if (value === 0 || modules < leastModules) return null;
  const limit = input.request.maxRemovals ?? stricter(input.applied.policy, input.config.policy, modules);
  return { code: 'maxRemovals', limit, value, ok: value <= countOf(limit, modules) };
}

function stricter(old: Policy, next: Policy, modules: number): number | string {
  return countOf(old.maxRemovals, modules) < countOf(next.maxRemovals, modules) ? old.maxRemovals : next.maxRemovals;
}

function countOf(limit: number | string, modules: number): number {
  if (typeof limit === 'number') return limit;
  const share = parsePercent(limit);
  // 0.29 * 100 is 28.999…: a limit that comes out whole must not lose one to that.
  return share === null ? Number(limit) : Math.floor(share * modules + 1e-9);
}

function allowEmpty(draft: Draft): Guard | null {
  const { input, wanted } = draft;
  const value = removalsOf(draft).length;
  if (wanted.size > 0 || value === 0) return null;
  const ok = input.request.allowEmpty || (input.applied.policy.allowEmpty && input.config.policy.allowEmpty);
  return { code: 'allowEmpty', limit: ok, value, ok };
}

function protect({ input, changes, wanted }: Draft): Guard | null {
  const value: string[] = [];
  for (const { name, from, action } of changes.values()) {
    if (action !== 'remove' && action !== 'reload') continue;
    const isProtected = input.loaded.get(from ?? name)?.spec.protect === true || wanted.get(name)?.spec.protect === true;
    if (isProtected) value.push(name);
  }
  return value.length === 0 ? null : { code: 'protect', limit: input.request.override, value: value.sort(), ok: input.request.override };
}
