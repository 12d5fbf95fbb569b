import { isError } from '../model/diagnostic.ts';
import { exitCode } from '../model/exit-code.ts';
import { byName } from '../model/name.ts';
import { type Change, formatVersion, type Guard, type Plan, type PlanOutcome, type Summary } from '../model/plan.ts';
import { planChecksum } from './checksum.ts';
import type { Draft } from './draft.ts';

/** The draft as the document that text, JSON, markdown and exit code derive from. */
export function assemble(draft: Draft, changes: Change[], guards: Guard[]): Plan {
  const { input } = draft;
  const diagnostics = input.request.scope === null ? [...input.config.warnings, ...draft.diagnostics] : draft.diagnostics;
  const outcome = outcomeOf(draft, changes, guards);
  const plan: Plan = {
    kind: 'Plan',
    formatVersion,
    id: input.id,
    createdAt: new Date(input.now).toISOString(),
    dryRun: input.dryRun,
    ...(input.rollbackOf === undefined ? {} : { rollbackOf: input.rollbackOf }),
    target: { ...input.target },
    config: {
      digest: input.config.digest,
      files: input.config.files.map(({ path, sha256 }) => ({ path, sha256 })),
      ...(input.config.revision == null ? {} : { revision: input.config.revision }),
    },
    summary: summaryOf(draft, changes),
    changes,
    held: [...draft.held.values()].sort(byName),
    unmanaged: [...draft.unmanaged.values()].sort(byName),
    skipped: [...draft.skipped.values(), ...draft.putOff.values()].filter(({ name }) => draft.reach.includes(name)).sort(byName),
    drift: [],
    guards,
    diagnostics,
    complete: draft.leftOut.size === 0,
    applyable: outcome === 'changes' || outcome === 'noChanges',
    outcome,
    exitCode: outcome === 'error' ? exitCode.error : outcome === 'refused' ? exitCode.refused : exitCode.ok,
    checksum: '',
  };
  return { ...plan, checksum: planChecksum(plan) };
}

function summaryOf(draft: Draft, changes: readonly Change[]): Summary {
  const summary: Summary = {
    load: 0,
    remove: 0,
    reload: 0,
    reconfigure: 0,
    rename: 0,
    adopt: 0,
    unchanged: draft.unchanged,
    held: draft.held.size,
    unmanaged: draft.unmanaged.size,
  };
  for (const { action } of changes) summary[action] += 1;
  return summary;
}

/** An error says that the plan makes no sense, a refusal that it may not be done; the former is said first. */
function outcomeOf(draft: Draft, changes: readonly Change[], guards: readonly Guard[]): PlanOutcome {
  const errors = draft.diagnostics.filter(isError);
  if (errors.some(({ code }) => code !== 'held')) return 'error';
  if (errors.length > 0 || guards.some((guard) => !guard.ok)) return 'refused';
  return changes.length === 0 ? 'noChanges' : 'changes';
}
