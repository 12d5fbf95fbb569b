import type { Draft } from './draft.ts';
import { nameplate } from './entry.ts';
import { requiredBy } from './requires.ts';

/**
 * Nothing is removed that a module which stays as it is requires: of held ones, of unmanaged ones, and of those that
 * a filter left out. Names that a command drops are past this: `drops.ts` has refused what is in use.
 */
export function keepRequired(draft: Draft): void {
  const { input, changes, held, unmanaged, leftOut, dropped } = draft;
  const all = [...changes.values()];
  if (!all.some((change) => change.action === 'remove')) return;

  const asLoaded = all.filter((change) => change.asLoaded === true).map((change) => change.name);
  const queue = [...new Set([...held.keys(), ...unmanaged.keys(), ...leftOut, ...asLoaded])].sort();
  for (let i = 0; i < queue.length; i += 1) {
    const stayer = queue[i] ?? '';
    const spec = input.loaded.get(changes.get(stayer)?.from ?? stayer)?.spec;
    for (const name of spec === undefined ? [] : requiredBy(spec)) {
      const loaded = input.loaded.get(name);
      if (loaded === undefined || changes.get(name)?.action !== 'remove' || dropped.names.has(name)) continue;
      changes.delete(name);
      queue.push(name);
      const hold = held.get(stayer);
      if (hold !== undefined) {
        held.set(name, { ...nameplate(name, loaded), reason: `required by ${stayer}, which is held`, until: hold.until, would: 'remove' });
      } else if (leftOut.has(stayer)) leftOut.add(name);
      else unmanaged.set(name, { ...nameplate(name, loaded), reason: { code: 'required', text: `required by ${stayer}, which stays` } });
    }
  }
}
