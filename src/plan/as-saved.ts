import { canonicalJson } from '../model/canonical.ts';
import { isError } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import type { Desired } from '../model/module.ts';
import type { Change, Plan } from '../model/plan.ts';
import { planChecksum } from './checksum.ts';

/** A plan that was made before, with what each of its changes was to make of a module, by name. */
export interface Planned {
  readonly plan: Plan;
  readonly specDigests: Readonly<Record<string, string>>;
}

/** Reasons that come and go with how a module is doing, which makes no plan stale. */
const ofTheMoment: readonly string[] = ['failed', 'restarted'];

/**
 * The saved plan, to be done as it was shown, if the plan that would be made `now` of the same config still has all of it. What it has beyond that is left to the next
 * run. Throws ESTALE with what has moved.
 */
export function asSaved({ plan, specDigests }: Planned, now: Plan, desired: ReadonlyMap<string, Desired>): Plan {
  const moved = plan.changes.flatMap((change) => [
    ...otherwise(change, desired.get(change.name), specDigests[change.name]),
    ...undone(change, now),
  ]);
  if (moved.length === 0 && !now.applyable) moved.push(refusal(now));
  if (moved.length > 0) {
    const shown = moved.slice(0, mostShown).join('; ');
    const more = moved.length > mostShown ? `; and ${moved.length - mostShown} more` : '';
    throw new MusterError('ESTALE', `the saved plan no longer fits: ${shown}${more}; nothing was changed`, { hint: planAgain });
  }
  const fits = { ...plan, dryRun: now.dryRun, target: now.target };
  return { ...fits, checksum: planChecksum(fits) };
}

export const planAgain = 'make it again: muster reconcile --dry-run --out FILE';

const mostShown = 5;

/** What has become of the code, and of what else counts, of a module that the change would start or change. */
function otherwise(change: Change, desired: Desired | undefined, specDigest: string | undefined): string[] {
  if (change.action === 'remove' || change.asLoaded === true || desired === undefined) return [];
  const isOtherCode = !isNew(change) && desired.codeDigest !== change.codeDigest;
  if (!isOtherCode && desired.specDigest === specDigest) return [];
  if (desired.problem !== undefined) return [`${change.name}: ${desired.problem.message}`];
  if (isOtherCode) return [`the code of ${change.name} changed`];
  return [`${change.name} is not what was planned: a secret, a variable or a setting of it changed`];
}

function undone(change: Change, now: Plan): string[] {
  const { name } = change;
  const same = now.changes.find((other) => other.name === name);
  if (same === undefined) {
    const held = now.held.find((entry) => entry.name === name);
    if (held !== undefined) return [`${name} is held: ${held.reason}`];
    return ofTheMoment.includes(change.reason.code) ? [] : [`${name} is not to be changed any more (${change.action})`];
  }
  if (same.action !== change.action || same.from !== change.from) return [`${name}: what was ${change.action} is ${same.action} now`];
  const isSame = isNew(change) || (canonicalJson(same.fields) === canonicalJson(change.fields) && same.version === change.version);
  return isSame ? [] : [`${name}: other fields would change now`];
}

/** A package that nobody had installed when the plan was made: there was no code yet. */
function isNew({ kind, version, action }: Change): boolean {
  return kind === 'package' && version === undefined && action !== 'remove';
}

function refusal({ diagnostics, guards }: Plan): string {
  const errors = diagnostics.filter(isError).map(({ message }) => message);
  if (errors.length > 0) return errors.slice(0, mostShown).join(', ');
  const refused = guards.filter(({ ok }) => !ok).map(({ code }) => code);
  return `${refused.join(', ')} would refuse it now`;
}
