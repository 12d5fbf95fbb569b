import type { Desired, Hold, Loaded } from '../../../src/model/module.ts';
import type { Change, Plan } from '../../../src/model/plan.ts';
import { shuffled } from './worlds.ts';

/** What is loaded after one more change; `change` is the one just done. */
type Watcher = (change: Change, loaded: ReadonlyMap<string, Loaded>) => void;

/**
 * Applies a plan to a model of the loaded set. Of the orders that `after` allows it takes one by the seed: apply does
 * not go by the order of the list either.
 */
export function applied(plan: Plan, desired: readonly Desired[], before: readonly Loaded[], seed = 0, watch: Watcher = () => {}): Loaded[] {
  const wanted = new Map(desired.map((module) => [module.name, module]));
  const loaded = new Map(before.map((module) => [module.name, module]));
  const done = new Set<string>();
  const open = new Map(shuffled(plan.changes, seed).map((change) => [change.name, change]));
  while (open.size > 0) {
    const next = [...open.values()].find((change) => change.after.every((name) => done.has(name)));
    if (next === undefined) throw new Error(`a cycle among ${[...open.keys()].join(', ')}`);
    open.delete(next.name);
    act(next, wanted, loaded);
    done.add(next.name);
    watch(next, loaded);
  }
  return [...loaded.values()];
}

function act(change: Change, wanted: ReadonlyMap<string, Desired>, loaded: Map<string, Loaded>): void {
  const { name, action } = change;
  const from = change.from ?? name;
  const old = loaded.get(from);
  const present = action !== 'load' || change.asLoaded === true;
  if (present && old === undefined) throw new Error(`${action} ${name}: ${from} is not loaded`);
  if (from !== name && loaded.has(name)) throw new Error(`${action} ${name}: the name is taken`);
  loaded.delete(from);
  if (action === 'remove') return;
  const target = change.asLoaded === true ? old : wanted.get(name);
  if (target === undefined) throw new Error(`${action} ${name}: it is not desired`);
  const { kind, spec, specDigest, codeDigest, path, source } = target;
  const anew = action === 'load' || action === 'reload';
  loaded.set(name, {
    name,
    kind,
    spec,
    specDigest,
    codeDigest,
    path,
    source,
    origin: change.asLoaded === true && old !== undefined ? old.origin : 'config',
    generation: 2,
    state: anew ? 'R' : (old?.state ?? 'R'),
    failed: anew ? false : (old?.failed ?? false),
    reconfigurable: old?.reconfigurable ?? false,
    started: anew ? true : (old?.started ?? true),
  });
}

/** Holds follow a rename. */
export function heldAfter(plan: Plan, holds: readonly Hold[]): Hold[] {
  const renames = new Map(plan.changes.flatMap((change) => (change.from === undefined ? [] : [[change.from, change.name]])));
  return holds.map((hold) => ({ ...hold, name: renames.get(hold.name) ?? hold.name }));
}
