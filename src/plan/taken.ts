import type { Draft } from './draft.ts';
import { nameplate } from './entry.ts';
import { referrers } from './requires.ts';

/** A command on some modules says of each that it loads beside them for whom that is. */
export function nameRequirers({ input, wanted, next, changes }: Draft): void {
  const { scope, asked } = input.request;
  if (scope === null) return;
  const named = asked.size === 0 ? scope : asked;
  const taken = [...changes.values()].filter(
    ({ name, action, reason }) => action === 'load' && reason.code === 'added' && !named.has(name),
  );
  if (taken.length === 0) return;
  const requirers = referrers(new Map([...wanted].filter(([name]) => changes.has(name))), next.requiredBy);
  for (const change of taken) {
    const [first] = requirers.get(change.name) ?? [];
    if (first !== undefined) change.reason = { code: 'required', text: `required by ${first}` };
  }
}

/** Offers the removal of what was loaded by hand and only removed modules needed. */
export function offerUnneeded(draft: Draft): void {
  const { input, wanted, next, last, changes, unmanaged, held } = draft;
  const removed = [...changes.values()].filter((change) => change.action === 'remove').map((change) => change.name);
  if (removed.length === 0) return;
  const requirers = referrers(input.loaded, last.requiredBy);
  const requirersNext = referrers(new Map([...wanted].filter(([name]) => changes.has(name))), next.requiredBy);
  const gone = new Set(removed);
  const queue = [...removed].sort();
  for (let i = 0; i < queue.length; i += 1) {
    const spec = input.loaded.get(queue[i] ?? '')?.spec;
    for (const name of spec === undefined ? [] : last.requiredBy(spec)) {
      const module = input.loaded.get(name);
      if (module?.origin !== 'manual' || gone.has(name) || changes.has(name) || held.has(name)) continue;
      const users = requirers.get(name) ?? [];
      if (requirersNext.has(name) || !users.every((user) => gone.has(user))) continue;
      gone.add(name);
      queue.push(name);
      const text = `only ${users.join(', ')} needed it; to remove it too: muster remove ${name}`;
      if (!unmanaged.has(name) && wanted.has(name) && draft.reach.includes(name)) draft.unchanged -= 1;
      unmanaged.set(name, { ...nameplate(name, module), reason: { code: 'unneeded', text } });
    }
  }
}
