import type { Desired, Reason } from '../model/module.ts';
import type { SkippedEntry } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { nameplate } from './entry.ts';
import { referrers, requiredBy } from './requires.ts';

interface Selection {
  wanted: ReadonlyMap<string, Desired>;
  skipped: ReadonlyMap<string, SkippedEntry>;
}

/** Parts the declared modules into those that are to run and those that are not, with the reason. */
export function select({ desired, env }: PlanInput): Selection {
  const skipped = new Map<string, SkippedEntry>();
  for (const [name, module] of desired) {
    const reason = ownReason(module, env) ?? undeclared(module, desired);
    if (reason !== null) skipped.set(name, entryOf(module, reason));
  }
  // Most often nothing is skipped, and the set is as large as it gets: no copy of it then.
  if (skipped.size === 0) return { wanted: desired, skipped };

  const wanted = new Map(desired);
  for (const name of skipped.keys()) wanted.delete(name);
  skipDependents(wanted, skipped);
  return { wanted, skipped };
}

/** Whoever needs a skipped one is skipped too; which of several reasons is given depends on names alone. */
function skipDependents(wanted: Map<string, Desired>, skipped: Map<string, SkippedEntry>): void {
  const dependents = referrers(wanted, requiredBy);
  const awaiting = referrers(wanted, (spec) => spec.onlyIf?.modules ?? []);
  const out = [...skipped.keys()].sort();
  function skip(name: string, reason: Reason): void {
    const module = wanted.get(name);
    if (module === undefined) return;
    wanted.delete(name);
    skipped.set(name, entryOf(module, reason));
    out.push(name);
  }
  for (let i = 0; i < out.length; i += 1) {
    const gone = out[i] ?? '';
    for (const name of dependents.get(gone) ?? []) skip(name, { code: 'requiresSkipped', text: `requires ${gone}, which is not loaded` });
    for (const name of awaiting.get(gone) ?? []) skip(name, onlyIf(`${gone} is not loaded`));
  }
}

function entryOf(module: Desired, reason: Reason): SkippedEntry {
  return { ...nameplate(module.name, module), reason };
}

/** Why a module is not to run, by what it says itself. */
function ownReason(module: Desired, env: ReadonlySet<string>): Reason | null {
  if (module.spec.disabled) return { code: 'disabled', text: 'disabled' };
  if (module.skip !== undefined) return module.skip;
  const condition = module.spec.onlyIf;
  if (condition === undefined) return null;
  for (const variable of condition.env) {
    const unset = variable.startsWith('!');
    const name = unset ? variable.slice(1) : variable;
    if (env.has(name) === unset) return onlyIf(unset ? `${name} is set` : `${name} is not set`);
  }
  const config = 'config' in module.spec ? module.spec.config : {};
  const missing = condition.config.find((path) => !isTruthy(config, path));
  return missing === undefined ? null : onlyIf(`config.${missing} is not set`);
}

function undeclared({ spec }: Desired, desired: ReadonlyMap<string, Desired>): Reason | null {
  const missing = spec.onlyIf?.modules.find((name) => !desired.has(name));
  return missing === undefined ? null : onlyIf(`${missing} is not declared`);
}

function onlyIf(text: string): Reason {
  return { code: 'onlyIf', text: `onlyIf: ${text}` };
}

function isTruthy(config: unknown, path: string): boolean {
  let value = config;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return Boolean(value);
}
