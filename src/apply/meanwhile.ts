import type { Instances } from '../model/instances.ts';
import type { Loaded } from '../model/module.ts';
import type { Change } from '../model/plan.ts';
import { providers, requiredNames } from '../model/requires.ts';
import type { Becoming } from './becoming.ts';
import type { StepOutcome } from './step.ts';

type Spec = Loaded['spec'];
type Specs = ReadonlyMap<string, { readonly spec: Spec }>;

interface Planned {
  /** What the plan was made from. */
  readonly loaded: ReadonlyMap<string, Loaded>;
  /** What the module is to become; null: it goes. */
  readonly spec: Spec | null;
  /** Whether somebody holds a name that was free to change when the plan was made. */
  heldSince(name: string): boolean;
  /** Names of which the plan has changes that were left to the next run. */
  readonly left: ReadonlySet<string>;
}

/**
 * Why a change is left to the next run after all: what others did between its plan and its turn. Null: nothing is in its
 * way. To be asked under its claims, in the turn in which it begins.
 */
export function outdated(
  change: Change,
  planned: Planned,
  instances: Pick<Instances, 'get' | 'snapshot'>,
  becoming: Becoming,
): StepOutcome | null {
  const { name, from = name, needs = [] } = change;
  const { loaded, spec, heldSince, left } = planned;
  if (hasMoved(instances.get(from), loaded.get(from)) || heldSince(name) || heldSince(from))
    return skipped(`${name} was changed by another command meanwhile; the next run looks again`);
  if (spec === null) {
    const settled = left.size === 0 ? loaded : new Map([...loaded].filter(([other]) => !left.has(other)));
    const [user] = usersSince(name, settled, becoming.over(instances.snapshot()));
    return user === undefined ? null : skipped(`${name} is in use: ${user} requires it by now; the next run looks again`);
  }
  const isThere = (other: string): boolean => instances.get(other) !== undefined && !becoming.isGoing(other);
  const lost = needs.find((other) => !isThere(other)) ?? lostSince(spec, loaded, instances, isThere);
  return lost === undefined ? null : skipped(`requires ${lost}, which was removed by another command meanwhile`);
}

/** Who has come to require a module, and has nobody else to turn to. */
export function usersSince(name: string, before: Specs, now: Specs): string[] {
  const provider = providers(now);
  return [...now].flatMap(([user, module]) => {
    const former = before.get(user);
    if (user === name || former === module) return [];
    const isNew = (required: string): boolean =>
      provider(required) === name &&
      !(former !== undefined && requiredNames(former.spec).includes(required)) &&
      !isProvided(required, now, name);
    return requiredNames(module.spec).some(isNew) ? [user] : [];
  });
}

function lostSince(
  spec: Spec,
  before: Specs,
  instances: Pick<Instances, 'snapshot'>,
  isThere: (name: string) => boolean,
): string | undefined {
  return requiredNames(spec).find((required) => {
    if (isThere(required)) return false;
    const wasThere = before.has(required) || isProvided(required, before);
    return wasThere && ![...instances.snapshot()].some(([name, module]) => isThere(name) && module.spec.provides.includes(required));
  });
}

function isProvided(service: string, modules: Specs, but?: string): boolean {
  return [...modules].some(([name, { spec }]) => name !== but && spec.provides.includes(service));
}

function hasMoved(now: Loaded | undefined, planned: Loaded | undefined): boolean {
  if (now === undefined || planned === undefined) return now !== planned;
  return now.specDigest !== planned.specDigest || now.codeDigest !== planned.codeDigest || now.origin !== planned.origin;
}

function skipped(message: string): StepOutcome {
  return { status: 'skipped', error: { code: 'EBUSY', message } };
}
