import { cyclesIn } from '../model/cycles.ts';
import { createHeap } from './heap.ts';

interface Placed {
  name: string;
  /** Sorted. */
  after: string[];
}

interface Sorted {
  readonly placed: readonly Placed[];
  readonly cycles: readonly (readonly string[])[];
}

/**
 * The names in an order in which each stands behind those it waits for, the first by name of all that could be next.
 * Should there be a cycle, its first name by name stops waiting for the rest of it.
 */
export function sortTopologically(waits: ReadonlyMap<string, ReadonlySet<string>>): Sorted {
  const open = new Map<string, Set<string>>();
  const followers = new Map<string, string[]>();
  const ready = createHeap();
  for (const [name, before] of waits) {
    open.set(name, new Set(before));
    if (before.size === 0) ready.push(name);
    for (const other of before) {
      const list = followers.get(other);
      if (list === undefined) followers.set(other, [name]);
      else list.push(name);
    }
  }

  const placed: Placed[] = [];
  const cut = new Map<string, Set<string>>();
  let cycles: readonly (readonly string[])[] = [];
  while (open.size > 0) {
    let name = ready.pop();
    if (name === undefined) {
      if (cut.size === 0) cycles = cyclesIn(open.keys(), (of) => [...(open.get(of) ?? [])].sort());
      name = [...open.keys()].sort()[0] ?? '';
      cut.set(name, open.get(name) ?? new Set());
    }
    open.delete(name);
    const dropped = cut.get(name);
    placed.push({ name, after: [...(waits.get(name) ?? [])].filter((other) => dropped?.has(other) !== true).sort() });
    for (const follower of followers.get(name) ?? []) {
      const left = open.get(follower);
      left?.delete(name);
      if (left?.size === 0) ready.push(follower);
    }
  }
  return { placed, cycles };
}
