import type { Loaded } from '../model/module.ts';
import type { FieldChange } from '../model/plan.ts';
import { fieldChanges } from './diff.ts';
import type { Draft } from './draft.ts';
import { changeOf } from './entry.ts';
import { referrers, reloadedWith } from './requires.ts';

/** Whatever requires a reloaded module with `reload: true` is reloaded after it, and so on; also beyond the names a run gives. */
export function reloadDependents(draft: Draft): void {
  const { input, wanted, changes, held, holds, reach, dropped } = draft;
  const queue = [...changes.values()].filter((change) => change.action === 'reload').map((change) => change.name);
  if (queue.length === 0) return;
  queue.sort();

  const dependents = referrers(wanted, reloadedWith);
  for (let i = 0; i < queue.length; i += 1) {
    const reloaded = queue[i] ?? '';
    for (const name of dependents.get(reloaded) ?? []) {
      const desired = wanted.get(name);
      const loaded = input.loaded.get(name);
      const change = changes.get(name);
      if (desired === undefined || loaded === undefined || !isRunning(loaded) || dropped.names.has(name)) continue;
      const field: FieldChange = { path: `requires.${reloaded}`, before: 'running', after: 'reloaded', live: false };
      const entry = held.get(name);
      if (entry !== undefined || holds.of(name) !== undefined) {
        if (entry !== undefined) held.set(name, { ...entry, would: 'reload' });
      } else if (!reach.passes(name)) draft.leftOut.add(name);
      else if (change?.action === 'reload') change.fields.push(field);
      else if (change === undefined || change.action === 'reconfigure' || change.action === 'adopt') {
        const fields = change?.fields ?? fieldChanges(desired, loaded);
        const reason = { code: 'dependency', text: `requires ${reloaded}, which is reloaded` };
        if (change === undefined && reach.includes(name)) draft.unchanged -= 1;
        changes.set(name, changeOf(name, desired, { action: 'reload', reason, fields: [...fields, field] }));
        queue.push(name);
      }
    }
  }
}

/** What has ended is not woken by the reload of another. */
function isRunning(loaded: Loaded): boolean {
  return loaded.started && loaded.state !== 'E';
}
