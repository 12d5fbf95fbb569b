import type { Desired, Reason } from '../model/module.ts';
import type { SkippedEntry } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { isolationOf } from './entry.ts';
import { referrers, requiredBy } from './requires.ts';

export interface Selection {
  wanted: Map<string, Desired>;
  skipped: Map<string, SkippedEntry>;
}

/** Parts the declared modules into those that are to run and those that are not, with the reason. */
export function select({ desired, env }: PlanInput): Selection {
  const wanted = new Map<string, Desired>();
  const skipped = new Map<string, SkippedEntry>();
  const conditional: Desired[] = [];
  const out: string[] = [];

  function skip(module: Desired, reason: Reason): void {
    wanted.delete(module.name);
    skipped.set(module.name, { name: module.name, kind: module.kind, isolation: isolationOf(module), reason });
    out.push(module.name);
  }

  for (const [name, module] of desired) {
    const reason = ownReason(module, env);
    if (reason !== null) skip(module, reason);
    else {
      wanted.set(name, module);
      if ((module.spec.onlyIf?.modules.length ?? 0) > 0) conditional.push(module);
    }
  }
  for (const module of conditional) {
    const missing = module.spec.onlyIf?.modules.find((name) => !desired.has(name));
    if (missing !== undefined) skip(module, onlyIf(`${missing} is not declared`));
  }
  if (out.length === 0) return { wanted, skipped };

  // Whoever needs a skipped one is skipped too; which of several reasons is given depends on names alone.
  out.sort();
  const dependents = referrers(wanted, requiredBy);
  const awaiting = referrers(wanted, (spec) => spec.onlyIf?.modules ?? []);
  for (let i = 0; i < out.length; i += 1) {
    const gone = out[i] ?? '';
    for (const name of dependents.get(gone) ?? []) {
      const module = wanted.get(name);
      if (module !== undefined) skip(module, { code: 'requiresSkipped', text: `requires ${gone}, which is not loaded` });
    }
    for (const name of awaiting.get(gone) ?? []) {
      const module = wanted.get(name);
      if (module !== undefined) skip(module, onlyIf(`${gone} is not loaded`));
    }
  }
  return { wanted, skipped };
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
