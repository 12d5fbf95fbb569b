import type { Desired, Reason } from '../model/module.ts';
import { requirementsOf } from '../model/requires.ts';
import { referrers } from './requires.ts';

/** What is left of a set once some of it is taken away, and why the rest is not. */
export interface Standing {
  readonly wanted: ReadonlyMap<string, Desired>;
  readonly skipped: ReadonlyMap<string, Reason>;
}

/**
 * The set without the barred modules and without whoever needs one that is not there. A service is there as long as one
 * of its providers is. Which of several reasons is given depends on names alone.
 */
export function standing(desired: ReadonlyMap<string, Desired>, barred: ReadonlyMap<string, Reason>): Standing {
  const wanted = new Map(desired);
  const skipped = new Map<string, Reason>();
  const providing = countProviders(desired);
  const gone: string[] = [];
  const skip = (name: string, reason: Reason): void => {
    const module = wanted.get(name);
    if (module === undefined) return;
    wanted.delete(name);
    skipped.set(name, reason);
    gone.push(name);
    for (const service of module.spec.provides) {
      const left = (providing.get(service) ?? 0) - 1;
      providing.set(service, left);
      if (left === 0) gone.push(service);
    }
  };
  for (const name of [...barred.keys()].sort()) skip(name, barred.get(name) as Reason);
  if (gone.length === 0) return { wanted, skipped };

  const dependents = referrers(wanted, (spec) => requirementsOf(spec).map(({ name }) => name));
  const awaiting = referrers(wanted, (spec) => spec.onlyIf?.modules ?? []);
  for (let i = 0; i < gone.length; i += 1) {
    const name = gone[i] ?? '';
    if (wanted.has(name)) continue;
    for (const other of awaiting.get(name) ?? []) skip(other, onlyIf(`${name} is not loaded`));
    if ((providing.get(name) ?? 0) > 0) continue;
    for (const other of dependents.get(name) ?? []) {
      skip(other, { code: 'requiresSkipped', text: `requires ${name}, which is not loaded` });
    }
  }
  return { wanted, skipped };
}

export function onlyIf(text: string): Reason {
  return { code: 'onlyIf', text: `onlyIf: ${text}` };
}

function countProviders(modules: ReadonlyMap<string, Desired>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { spec } of modules.values()) {
    for (const service of spec.provides) counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  return counts;
}
