import type { Loaded } from '../model/module.ts';
import type { Change, FieldChange } from '../model/plan.ts';
import { loaderOf, requirementsOf } from '../model/requires.ts';
import { fieldChanges } from './diff.ts';
import type { Draft } from './draft.ts';
import { changeOf } from './entry.ts';
import { hostsOf } from './hosting.ts';
import { referrers } from './requires.ts';

/** Why a module is reloaded that could stay as it is by itself. */
interface Why {
  readonly reason: Change['reason'];
  readonly field: FieldChange;
}

/**
 * Whatever requires a reloaded module with `reload: true` is reloaded after it, and so on; also beyond the names a run
 * gives. So is what a service has loaded into itself, even if it is to stay as it is: without that it would be gone.
 */
export function reloadDependents(draft: Draft): void {
  const { input, services, existing, wanted, next, last, changes, renames } = draft;
  const nameNow = new Map([...renames].map(([name, from]) => [from, name]));
  const queue = [...changes.values()].filter((change) => isNew(draft, change)).map((change) => change.name);
  // Without a provider no service passes on.
  const canPass = existing.providing.size > 0 || services.providing.size > 0;
  for (const loaded of canPass ? input.loaded.values() : []) {
    const name = nameNow.get(loaded.name) ?? loaded.name;
    if (followSuccessor(draft, name, loaded)) queue.push(name);
  }
  if (queue.length === 0) return;
  queue.sort();

  const dependents = referrers(wanted, next.reloadedWith);
  const hosted = referrers(existing.hosted, (spec) => hostsOf(last.hostOf(spec)));
  for (let i = 0; i < queue.length; i += 1) {
    const name = queue[i] ?? '';
    const change = changes.get(name);
    const inside = (hosted.get(change?.from ?? name) ?? []).map((other) => nameNow.get(other) ?? other);
    const why = dependency(`requires ${name}, which is reloaded`, { path: `requires.${name}`, before: 'running', after: 'reloaded' });
    const others = change?.action === 'reload' ? (dependents.get(name) ?? []) : [];
    for (const other of new Set([...others, ...inside])) if (reload(draft, other, why, inside.includes(other))) queue.push(other);
  }
}

function dependency(text: string, field: Omit<FieldChange, 'live'>): Why {
  return { reason: { code: 'dependency', text }, field: { ...field, live: false } };
}

/** A new instance where there was one; what comes back after a restart of the daemon does so with all that is in it. */
function isNew({ input }: Draft, { name, action }: Change): boolean {
  return action === 'reload' || (action === 'load' && input.loaded.get(name)?.started === true);
}

/** A service that it reloads with, or that loads it, passes on to another module. */
function followSuccessor(draft: Draft, name: string, { spec }: Loaded): boolean {
  const { wanted, next, last, renames } = draft;
  const loader = loaderOf(spec);
  let moved = false;
  for (const { name: service, reload: follows } of requirementsOf(spec)) {
    if (!follows || (service !== loader && !wanted.has(name))) continue;
    const [before, after] = [last.resolve(service), next.resolve(service)];
    if (before === after || renames.get(after) === before || !passesOn(draft, before, after)) continue;
    const why = dependency(`${service} is ${after} now`, { path: `requires.${service}`, before, after });
    if (reload(draft, name, why, service === loader)) moved = true;
  }
  return moved;
}

/** Whether it is this plan that takes the service from the one and gives it to the other. */
function passesOn({ input, changes }: Draft, before: string, after: string): boolean {
  if (!input.loaded.has(before) || !(changes.has(after) || input.loaded.has(after))) return false;
  if (changes.get(after)?.action === 'remove') return false;
  const made = [changes.get(before), changes.get(after)];
  return made.some((change) => change !== undefined && change.asLoaded !== true);
}

/** True if that is one more change. `isInside`: it goes down with what it runs in. */
function reload(draft: Draft, name: string, why: Why, isInside: boolean): boolean {
  const { input, wanted, changes, held, holds, putOff, reach, dropped, renames } = draft;
  const loaded = input.loaded.get(renames.get(name) ?? name);
  const action = loaded === undefined ? null : actionFor(loaded, isInside);
  if (loaded === undefined || action === null || dropped.names.has(name)) return false;
  const entry = held.get(name);
  if (entry !== undefined || holds.of(name) !== undefined) {
    if (entry !== undefined && !isInside) held.set(name, { ...entry, would: 'reload' });
    return isInside && holds.of(name)?.stopped !== true && bringBack(draft, name, loaded, action, why);
  }
  const desired = wanted.get(name);
  if (desired === undefined || putOff.has(name)) return isInside && bringBack(draft, name, loaded, action, why);
  const change = changes.get(name);
  if (!reach.passes(name)) {
    if (isInside && change === undefined && !draft.leftOut.has(name) && reach.includes(name)) draft.unchanged -= 1;
    if (isInside) return bringBack(draft, name, loaded, action, why);
    draft.leftOut.add(name);
    return false;
  }
  if (change === undefined || change.action === 'reconfigure' || change.action === 'adopt') {
    const fields = change?.fields ?? fieldChanges(desired, loaded);
    if (change === undefined && reach.includes(name)) draft.unchanged -= 1;
    changes.set(name, changeOf(name, desired, { action, reason: why.reason, fields: [...fields, why.field] }));
    return true;
  }
  return addTo(draft, change, why);
}

/** As it is loaded, whatever the config says of it. */
function bringBack(draft: Draft, nameNow: string, loaded: Loaded, action: Change['action'], why: Why): boolean {
  const change = draft.changes.get(nameNow);
  if (change !== undefined) return addTo(draft, change, why);
  const { name } = loaded;
  draft.unmanaged.delete(name);
  draft.changes.set(name, { ...changeOf(name, loaded, { action, reason: why.reason, fields: [why.field] }), asLoaded: true });
  return true;
}

/** A rename keeps the instance, and that cannot be; whatever else is planned makes a new one, or none. */
function addTo({ changes }: Draft, change: Change, { field }: Why): boolean {
  if (change.action === 'reload') change.fields.push(field);
  if (change.action !== 'rename') return false;
  changes.set(change.name, { ...change, action: 'reload', fields: [...change.fields, field] });
  return true;
}

/** What has ended is not woken by the reload of another, but for a oneshot, and for what failed with the module that it runs in. */
function actionFor(loaded: Loaded, isInside: boolean): 'reload' | 'load' | null {
  if (!loaded.started) return null;
  if (loaded.state !== 'E' || loaded.finished !== undefined) return 'reload';
  return isInside && loaded.failed ? 'load' : null;
}
