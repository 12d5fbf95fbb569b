import type { Spec } from '../model/fields/table.ts';
import type { Change } from '../model/plan.ts';
import { type Draft, loadedOf, specAfter } from './draft.ts';
import { requiredBy } from './requires.ts';
import { sortTopologically } from './topology.ts';

/**
 * Says of each change which others are done before it, and puts all in an order that keeps to it, ties by name.
 *
 * Two kinds of edges. What comes up or changes waits for what it requires from now on and for what it stands `after`.
 * What goes away waits for those that required it until now: they are gone, or changed so that they no longer do.
 * A removal is never waited for by anything but a removal, so that the two kinds cannot close a cycle together.
 */
export function order(draft: Draft): Change[] {
  const { changes } = draft;
  const former = new Map<string, Change>();
  for (const change of changes.values()) former.set(change.from ?? change.name, change);

  const edges = new Map<string, Set<string>>();
  for (const name of changes.keys()) edges.set(name, new Set());
  const wait = (name: string, before: string): void => {
    if (name !== before) edges.get(name)?.add(before);
  };

  for (const change of changes.values()) {
    const next = specAfter(draft, change);
    if (next !== undefined && change.action !== 'adopt') {
      for (const other of predecessors(next)) if (isAwaited(changes.get(other))) wait(change.name, other);
    }
    const last = loadedOf(draft, change)?.spec;
    for (const other of last === undefined ? [] : predecessors(last)) {
      const gone = former.get(other);
      if (gone?.action === 'remove' && (change.action === 'remove' || requiredBy(last as Spec).includes(other)))
        wait(gone.name, change.name);
    }
  }

  const sorted = sortTopologically(edges);
  return sorted.map(({ name, after }) => ({ ...(changes.get(name) as Change), after }));
}

function predecessors(spec: Spec): readonly string[] {
  return spec.after.length === 0 ? requiredBy(spec) : [...requiredBy(spec), ...spec.after];
}

/** Live changes and bookkeeping on a running module keep nobody waiting. */
function isAwaited(change: Change | undefined): boolean {
  return change?.action === 'load' || change?.action === 'reload' || change?.action === 'rename';
}
