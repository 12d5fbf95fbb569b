import type { Desired, Reason } from '../model/module.ts';
import { configOf } from '../model/package-config.ts';
import type { SkippedEntry } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { chooseProviders, isContested } from './choose.ts';
import { nameplate } from './entry.ts';
import type { Fixed } from './fixed.ts';
import { among, type Services } from './services.ts';
import { onlyIf, type Standing, standing } from './standing.ts';

interface Selection {
  wanted: ReadonlyMap<string, Desired>;
  skipped: ReadonlyMap<string, SkippedEntry>;
}

/** Parts the declared modules into those that are to run and those that are not, with the reason. */
export function select(input: PlanInput, services: Services<Desired>, fixed: Fixed): Selection {
  const { desired, env } = input;
  const barred = new Map<string, Reason>();
  for (const [name, module] of desired) {
    const reason = ownReason(module, env) ?? undeclared(module, desired);
    if (reason !== null) barred.set(name, reason);
  }
  const contested = isContested(services);
  // Most often nothing is skipped, and the set is as large as it gets: no copy of it then.
  if (barred.size === 0 && !contested) return { wanted: desired, skipped: new Map() };

  const { wanted, skipped } = contested ? withProviders(input, services, barred, fixed) : standing(desired, barred);
  const entryOf = ([name, reason]: [string, Reason]) => [name, { ...nameplate(name, desired.get(name) as Desired), reason }] as const;
  return { wanted, skipped: new Map([...skipped].map(entryOf)) };
}

/**
 * Of several providers of a service one stays. Should a winner need a module that goes as a loser, the winner cannot be
 * had, and the others are looked at without it.
 */
function withProviders(input: PlanInput, services: Services<Desired>, barred: Map<string, Reason>, fixed: Fixed): Standing {
  const { desired } = input;
  for (;;) {
    const all = standing(desired, barred);
    const { winners, losers } = chooseProviders(among(services, all.wanted).providing, input, fixed);
    if (losers.size === 0) return all;
    const rest = standing(desired, new Map([...barred, ...losers]));
    const fallen = [...winners].filter((name) => !rest.wanted.has(name)).sort()[0];
    const reason = fallen === undefined ? undefined : rest.skipped.get(fallen);
    if (fallen === undefined || reason === undefined) return rest;
    barred.set(fallen, reason);
  }
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
  const config = configOf(module.spec);
  const missing = condition.config.find((path) => !isTruthy(config, path));
  return missing === undefined ? null : onlyIf(`config.${missing} is not set`);
}

function undeclared({ spec }: Desired, desired: ReadonlyMap<string, Desired>): Reason | null {
  const missing = spec.onlyIf?.modules.find((name) => !desired.has(name));
  return missing === undefined ? null : onlyIf(`${missing} is not declared`);
}

function isTruthy(config: unknown, path: string): boolean {
  let value = config;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return Boolean(value);
}
