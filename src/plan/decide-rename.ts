import type { FieldChange } from '../model/plan.ts';
import { compare } from './compare.ts';
import type { Draft, Verdict } from './draft.ts';
import { changeOf } from './entry.ts';
import { heldEntry } from './held-entry.ts';

/**
 * A rename is one change: `rename`, with what else can be done live; or, if a new instance is needed anyway, a `reload`
 * that takes the new name (`from`). Never a removal and a load. A hold follows it, and lets only the name change.
 */
export function decideRename(draft: Draft, name: string, from: string): void {
  const { input, wanted, holds, reach } = draft;
  const desired = wanted.get(name);
  const loaded = input.loaded.get(from);
  if (desired === undefined || loaded === undefined) return;
  const verdict = renamed(from, compare(desired, loaded, input.request, input.request.again.has(name)));

  const hold = holds.of(from) ?? holds.of(name);
  if (hold !== undefined && holds.frozen) {
    draft.held.set(name, heldEntry(name, loaded, hold, verdict.action));
    return;
  }
  if (!reach.passes(name)) {
    draft.leftOut.add(name);
    return;
  }
  if (hold === undefined) {
    draft.changes.set(name, { ...changeOf(name, desired, verdict), from });
    return;
  }
  draft.held.set(name, heldEntry(name, loaded, hold, verdict.fields.length === 0 ? null : verdict.action));
  const kept = renamed(from, loaded.started || hold.stopped === true ? null : compare(loaded, loaded, input.request, false));
  draft.changes.set(name, { ...changeOf(name, loaded, kept), source: desired.source, from, asLoaded: true });
}

const startedAnew: FieldChange = { path: 'instance', before: 'ended', after: 'new', live: false };

function renamed(from: string, verdict: Verdict | null): Verdict {
  const reason = { code: 'renamed', text: `renamed from ${from}` };
  if (verdict === null || verdict.action === 'adopt') return { action: 'rename', reason, fields: [] };
  if (verdict.action === 'reconfigure') return { action: 'rename', reason, fields: verdict.fields };
  if (verdict.action === 'load') return { action: 'reload', reason, fields: [...verdict.fields, startedAnew] };
  return { action: 'reload', reason, fields: verdict.fields };
}
