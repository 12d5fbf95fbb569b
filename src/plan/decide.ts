import type { Hold, Loaded, Reason } from '../model/module.ts';
import { placeText } from '../model/place.ts';
import type { Action } from '../model/plan.ts';
import { compare, requested, restarted } from './compare.ts';
import { decideRename } from './decide-rename.ts';
import type { Draft, Terms, Verdict } from './draft.ts';
import { changeOf, nameplate } from './entry.ts';
import { heldEntry } from './held-entry.ts';
import { stays } from './ownership.ts';

/** Looks at every name once, by itself: what is to be done, passed over by a hold, left alone, or left out by a filter. */
export function decide(terms: Terms): Draft {
  const draft: Draft = {
    ...terms,
    changes: new Map(),
    held: new Map(),
    unmanaged: new Map(),
    putOff: new Map(),
    leftOut: new Set(),
    diagnostics: [],
    unchanged: 0,
  };
  const { input, wanted, dropped, reach, renames } = terms;
  const renamed = new Set<string>();

  for (const [name, from] of renames) {
    renamed.add(from);
    if (reach.includes(name) || reach.includes(from)) decideRename(draft, name, from);
  }
  for (const name of wanted.keys()) {
    if (reach.includes(name) && !dropped.names.has(name) && !renames.has(name)) decideWanted(draft, name);
  }
  for (const [name, loaded] of input.loaded) {
    const unwanted = !wanted.has(name) && !renamed.has(name);
    if (reach.includes(name) && (unwanted || dropped.names.has(name))) decideUnwanted(draft, loaded);
  }
  return draft;
}

function decideWanted(draft: Draft, name: string): void {
  const { input, wanted, holds } = draft;
  const desired = wanted.get(name);
  if (desired === undefined) return;
  const loaded = input.loaded.get(name);
  const verdict =
    loaded === undefined
      ? ({ action: 'load', reason: added(draft, desired.source), fields: [] } satisfies Verdict)
      : compare(desired, loaded, input.request, input.request.again.has(name));

  const hold = holds.of(name);
  if (hold !== undefined) {
    draft.held.set(name, heldEntry(name, loaded ?? desired, hold, wouldOf(verdict, hold)));
    if (loaded !== undefined) startAgain(draft, loaded, hold);
  } else if (verdict === null) draft.unchanged += 1;
  else if (!draft.reach.passes(name)) draft.leftOut.add(name);
  else draft.changes.set(name, changeOf(name, desired, verdict));
}

/** Restarting what a hold keeps is no change to it. */
function wouldOf(verdict: Verdict | null, hold: Hold): Action | null {
  if (verdict === null) return null;
  return verdict.reason === restarted && verdict.fields.length === 0 && hold.stopped !== true ? null : verdict.action;
}

function added({ input }: Draft, source: Loaded['source']): Reason {
  if (source === null) return { code: 'added', text: 'asked for' };
  return { code: 'added', text: `declared at ${placeText(source, input.config.files[0]?.path)}` };
}

function decideUnwanted(draft: Draft, loaded: Loaded): void {
  const { name } = loaded;
  const hold = draft.holds.of(name);
  const left = draft.dropped.names.has(name) ? null : stays(draft, loaded);
  if (hold !== undefined) {
    draft.held.set(name, heldEntry(name, loaded, hold, left === null ? 'remove' : null));
    startAgain(draft, loaded, hold);
  } else if (left !== null) {
    draft.unmanaged.set(name, { ...nameplate(name, loaded), reason: left });
    decideUnmanaged(draft, loaded);
  } else if (!draft.reach.passes(name)) draft.leftOut.add(name);
  else draft.changes.set(name, changeOf(name, loaded, { action: 'remove', reason: whyRemoved(draft, loaded), fields: [] }));
}

function whyRemoved({ dropped, skipped }: Draft, { name, origin }: Loaded): Reason {
  if (dropped.names.has(name)) return requested;
  if (origin === 'manual') return { code: 'removed', text: 'not declared; prune is all' };
  return skipped.get(name)?.reason ?? { code: 'removed', text: 'no longer declared' };
}

/** What is left alone may still be asked for by name, and comes back after a restart of the daemon. */
function decideUnmanaged(draft: Draft, loaded: Loaded): void {
  const { again } = draft.input.request;
  if (again.has(loaded.name)) startAsLoaded(draft, loaded, compare(loaded, loaded, draft.input.request, true));
  else startAgain(draft, loaded, undefined);
}

/** A module that is kept as it is ran when the daemon went away, so it is started again as it was. */
function startAgain(draft: Draft, loaded: Loaded, hold: Hold | undefined): void {
  if (loaded.started || hold?.stopped === true) return;
  startAsLoaded(draft, loaded, { action: 'load', reason: restarted, fields: [] });
}

function startAsLoaded(draft: Draft, loaded: Loaded, verdict: Verdict | null): void {
  const { name } = loaded;
  if (verdict === null || !draft.reach.passes(name)) return;
  draft.unmanaged.delete(name);
  draft.changes.set(name, { ...changeOf(name, loaded, verdict), asLoaded: true });
}
