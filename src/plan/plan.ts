import type { Plan } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { assemble } from './assemble.ts';
import { decide } from './decide.ts';
import { drops } from './drops.ts';
import { fixedBy } from './fixed.ts';
import { guards } from './guards.ts';
import { holdsOf } from './holds.ts';
import { removeWithHosts } from './hosting.ts';
import { keepReplaced, keepRequired } from './keep.ts';
import { order } from './order.ts';
import { findProblems } from './problems.ts';
import { reloadDependents } from './propagate.ts';
import { filterOf, reachOf } from './reach.ts';
import { lastRelations, nextRelations } from './relations.ts';
import { findRenames } from './renames.ts';
import { among, servicesOf } from './services.ts';
import { nameRequirers, offerUnneeded } from './taken.ts';
import { skipWaiting } from './waiting.ts';
import { select } from './wanted.ts';

/**
 * What to do so that the loaded set becomes the desired one, and why. Pure: equal input gives equal output, nothing is
 * read but the input, and the input is not changed (it may be frozen). Whoever asks, whatever for, it is this call.
 */
export function plan(input: PlanInput): Plan {
  const existing = servicesOf(input.loaded);
  const last = lastRelations(input, existing);
  const dropped = drops(input, last);
  const holds = holdsOf(input, dropped.names);
  const fixed = fixedBy(input, holds, filterOf(input.request), findRenames(input, input.desired));
  const declared = servicesOf(input.desired);
  const { wanted, skipped } = select(input, declared, fixed);
  const services = skipped.size === 0 ? declared : among(declared, wanted);
  const next = nextRelations(input, wanted, services, last, fixed);
  const reach = reachOf(input, wanted, next, dropped.names);
  const renames = findRenames(input, wanted);

  const draft = decide({ input, wanted, skipped, services, existing, next, last, dropped, holds, reach, renames });
  nameRequirers(draft);
  removeWithHosts(draft);
  skipWaiting(draft);
  keepReplaced(draft);
  keepRequired(draft);
  reloadDependents(draft);
  offerUnneeded(draft);
  const { changes, cycles } = order(draft);
  findProblems(draft, cycles);

  return assemble(draft, changes, guards(draft));
}
