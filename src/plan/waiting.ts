import type { Desired } from '../model/module.ts';
import type { Change } from '../model/plan.ts';
import type { Draft } from './draft.ts';
import { nameplate } from './entry.ts';
import { referrers } from './requires.ts';

/** Puts off a load, or a move into a service, whose requirement will not be there after this run, because a hold or a filter keeps it away. */
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
      if (change === undefined || module === undefined || !cannotDo(draft, change, module, name)) continue;
      changes.delete(dependent);
      const why = held.has(name) ? 'is held' : leftOut.has(name) ? 'is left out' : 'is not loaded';
      putOff.set(dependent, {
        ...nameplate(dependent, module),
        reason: { code: 'requiresAbsent', text: `requires ${name}, which ${why}` },
      });
      if (!input.loaded.has(dependent)) absent.push(dependent);
    }
  }
}

/** Who runs already does so without what it requires, but cannot move into a service that is not there. */
function cannotDo({ input, next }: Draft, change: Change, module: Desired, absent: string): boolean {
  if (change.action === 'load' && !input.loaded.has(change.name)) return true;
  return change.action !== 'remove' && change.asLoaded !== true && next.hostOf(module.spec) === absent;
}
