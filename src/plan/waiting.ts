import type { Desired } from '../model/module.ts';
import type { Change } from '../model/plan.ts';
import { requirementsOf } from '../model/requires.ts';
import type { Draft } from './draft.ts';
import { changeOf, nameplate } from './entry.ts';
import { referrers } from './requires.ts';

/**
 * Puts off a load, or a move into a service, whose requirement will not be there after this run, because a hold or a
 * filter keeps it away, or keeps it from providing what it is to provide.
 */
export function skipWaiting(draft: Draft): void {
  const { wanted, next, changes, held, leftOut, putOff } = draft;
  const passedOver = [...held.keys(), ...leftOut].sort();
  if (passedOver.length === 0 || changes.size === 0) return;

  const dependents = referrers(wanted, next.requiredBy);
  for (let i = 0; i < passedOver.length; i += 1) {
    const name = passedOver[i] ?? '';
    for (const dependent of new Set(dependents.get(name))) {
      const change = changes.get(dependent);
      const module = wanted.get(dependent);
      if (change === undefined || module === undefined || !isImpossible(draft, change, module, name)) continue;
      takeBack(draft, change);
      const why = held.has(name) ? 'is held' : leftOut.has(name) ? 'is left out' : 'is not loaded';
      putOff.set(dependent, {
        ...nameplate(dependent, module),
        reason: { code: 'requiresAbsent', text: `requires ${name}, which ${why}` },
      });
      passedOver.push(dependent);
    }
  }
}

/** Who runs already does so without what it requires, but cannot move into a service that is not there. */
function isImpossible(draft: Draft, change: Change, { spec }: Desired, by: string): boolean {
  const { input, next } = draft;
  if (change.action === 'remove' || change.asLoaded === true) return false;
  if (input.loaded.has(change.from ?? change.name) && next.hostOf(spec) !== by) return false;
  return requirementsOf(spec).some(({ name }) => next.resolve(name) === by && !isThere(draft, by, name));
}

/** Whether the module will be there, and under the name that is required if that is a service. */
export function isThere({ input, wanted, changes, renames }: Draft, module: string, required: string): boolean {
  const change = changes.get(module);
  const isDone = change !== undefined && change.asLoaded !== true;
  const form = isDone ? wanted.get(module) : input.loaded.get(renames.get(module) ?? module);
  return form !== undefined && (required === module || form.spec.provides.includes(required));
}

/** What takes the place of another module only takes its name for now. */
function takeBack({ input, changes }: Draft, { name, from, reason, source }: Change): void {
  changes.delete(name);
  const loaded = from === undefined ? undefined : input.loaded.get(from);
  if (from === undefined || loaded === undefined) return;
  changes.set(name, { ...changeOf(name, loaded, { action: 'rename', reason, fields: [] }), source, from, asLoaded: true });
}
