import { requirementsOf } from '../model/requires.ts';
import type { Draft } from './draft.ts';
import { nameplate } from './entry.ts';
import { stayWithHost } from './hosting.ts';
import { isThere } from './waiting.ts';

/**
 * Nothing is removed that a module which stays as it is requires: of held ones, of unmanaged ones, and of those that
 * a filter left out. Names that a command drops are past this: `drops.ts` has refused what is in use.
 */
export function keepRequired(draft: Draft): void {
  const { input, last, next, changes, held, unmanaged, leftOut, putOff } = draft;
  const all = [...changes.values()];
  if (!all.some((change) => change.action === 'remove')) return;

  const asLoaded = all.filter((change) => change.asLoaded === true).map((change) => change.name);
  const queue = [...new Set([...held.keys(), ...unmanaged.keys(), ...putOff.keys(), ...leftOut, ...asLoaded])].sort();
  for (let i = 0; i < queue.length; i += 1) {
    const stayer = queue[i] ?? '';
    const spec = input.loaded.get(changes.get(stayer)?.from ?? stayer)?.spec;
    for (const { name: required } of spec === undefined ? [] : requirementsOf(spec)) {
      const name = last.resolve(required);
      if (isServedBy(draft, next.resolve(required), name)) continue;
      if (
        keepBecause(draft, name, stayer, { isHeld: `required by ${stayer}, which is held`, stays: `required by ${stayer}, which stays` })
      ) {
        queue.push(name, ...stayWithHost(draft, name));
      }
    }
  }
}

/** Another module has the service from now on. */
function isServedBy({ input, changes }: Draft, other: string, former: string): boolean {
  return other !== former && (input.loaded.has(other) || changes.has(other)) && changes.get(other)?.action !== 'remove';
}

/** A provider stays where the one that is to have its service does not come. */
export function keepReplaced(draft: Draft): void {
  const { input, wanted, next, changes } = draft;
  for (const { name, action } of [...changes.values()]) {
    if (action !== 'remove') continue;
    const services = input.loaded.get(name)?.spec.provides ?? [];
    const missing = services
      .filter((service) => wanted.get(next.resolve(service))?.spec.provides.includes(service))
      .filter((service) => !isThere(draft, next.resolve(service), service))
      .map(next.resolve)[0];
    if (missing === undefined) continue;
    const isHeld = `stays for ${missing}, which is held`;
    if (keepBecause(draft, name, missing, { isHeld, stays: `stays for ${missing}, which is not loaded` })) stayWithHost(draft, name);
  }
}

/** Takes the removal of `name` back, as one more of the list that `other` is on. */
function keepBecause(draft: Draft, name: string, other: string, why: { isHeld: string; stays: string }): boolean {
  const { input, changes, held, unmanaged, leftOut, dropped } = draft;
  const loaded = input.loaded.get(name);
  if (loaded === undefined || changes.get(name)?.action !== 'remove' || dropped.names.has(name)) return false;
  changes.delete(name);
  const hold = held.get(other);
  if (hold !== undefined) held.set(name, { ...nameplate(name, loaded), reason: why.isHeld, until: hold.until, would: 'remove' });
  else if (leftOut.has(other)) leftOut.add(name);
  else unmanaged.set(name, { ...nameplate(name, loaded), reason: { code: 'required', text: why.stays } });
  return true;
}
