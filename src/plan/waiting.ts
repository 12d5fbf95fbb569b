import type { Draft } from './draft.ts';
import { nameplate } from './entry.ts';
import { referrers } from './requires.ts';

/** Puts off a load whose requirement will not be there after this run, because a hold or a filter keeps it away. */
export function skipWaiting(draft: Draft): void {
  const { input, wanted, next, changes, held, leftOut, putOff } = draft;
  const absent = [...held.keys(), ...leftOut].filter((name) => !input.loaded.has(name) && !changes.has(name)).sort();
  if (absent.length === 0) return;

  const dependents = referrers(wanted, next.requiredBy);
  for (let i = 0; i < absent.length; i += 1) {
    const name = absent[i] ?? '';
    for (const dependent of dependents.get(name) ?? []) {
      const change = changes.get(dependent);
      const module = wanted.get(dependent);
      if (change?.action !== 'load' || module === undefined || input.loaded.has(dependent)) continue;
      changes.delete(dependent);
      const why = held.has(name) ? 'is held' : leftOut.has(name) ? 'is left out' : 'is not loaded';
      putOff.set(dependent, {
        ...nameplate(dependent, module),
        reason: { code: 'requiresAbsent', text: `requires ${name}, which ${why}` },
      });
      absent.push(dependent);
    }
  }
}
