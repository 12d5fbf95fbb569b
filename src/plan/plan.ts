import type { Plan } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { assemble } from './assemble.ts';
import { decide } from './decide.ts';
import { drops } from './drops.ts';
import { guards } from './guards.ts';
import { holdsOf } from './holds.ts';
import { keepRequired } from './keep.ts';
import { order } from './order.ts';
import { findProblems } from './problems.ts';
import { reloadDependents } from './propagate.ts';
import { reachOf } from './reach.ts';
import { findRenames } from './renames.ts';
import { skipWaiting } from './waiting.ts';
import { select } from './wanted.ts';

/**
 * What to do so that the loaded set becomes the desired one, and why. Pure: equal input gives equal output, nothing is
 * read but the input, and the input is not changed (it may be frozen). Whoever asks, whatever for, it is this call.
 */
export function plan(input: PlanInput): Plan {
  const { wanted, skipped } = select(input);
  const dropped = drops(input);
  const holds = holdsOf(input, dropped.names);
  const reach = reachOf(input, wanted, dropped.names);
  const renames = findRenames(input, wanted);

  const draft = decide({ input, wanted, skipped, dropped, holds, reach, renames });
  keepRequired(draft);
  skipWaiting(draft);
  reloadDependents(draft);
  findProblems(draft);

  return assemble(draft, order(draft), guards(draft));
}
