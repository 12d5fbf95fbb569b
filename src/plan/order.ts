import type { PackageSpec, Spec } from '../model/fields/table.ts';
import { packageModule } from '../model/package-spec.ts';
import type { Change } from '../model/plan.ts';
import { type Draft, loadedOf, specAfter } from './draft.ts';
import type { Relations } from './requires.ts';
import { sortTopologically } from './topology.ts';

/** What is known of the edges between changes: the name of each change -> those before it. */
interface Edges {
  wait(name: string, before: string): void;
  /** The same, and without it this one makes no sense. */
  need(name: string, before: string): void;
}

export interface Order {
  readonly changes: Change[];
  /** Wanted modules that wait for each other. */
  readonly cycles: readonly (readonly string[])[];
}

/**
 * Says of each change which others are done before it, and puts all in an order that keeps to it, ties by name.
 *
 * Two kinds of edges. What comes up or changes waits for what it requires from now on and for what it stands `after`.
 * What goes away waits for those that required it until now: they are gone, or changed so that they no longer do; and for
 * what takes its place. A removal is never waited for by anything but a removal, so that the two kinds cannot close a
 * cycle together.
 */
export function order(draft: Draft): Order {
  const { changes } = draft;
  const waits = new Map<string, Set<string>>();
  const needs = new Map<string, Set<string>>();
  for (const name of changes.keys()) waits.set(name, new Set());
  const edges: Edges = {
    wait(name, before) {
      if (name !== before) waits.get(name)?.add(before);
    },
    need(name, before) {
      edges.wait(name, before);
      needs.set(name, (needs.get(name) ?? new Set()).add(before));
    },
  };
  for (const change of changes.values()) upwards(draft, change, edges);
  downwards(draft, edges);

  const { placed, cycles } = sortTopologically(waits);
  return {
    changes: placed.map(({ name, after }) => withOrder(changes.get(name) as Change, after, needs.get(name))),
    cycles: cycles.filter((names) => isWanted(names.map((name) => changes.get(name)))),
  };
}

/** What is on its way out, or stays as it was, may be tangled with what comes: that is nobody's fault. */
function isWanted(cycle: readonly (Change | undefined)[]): boolean {
  return cycle.every((change) => change !== undefined && change.action !== 'remove' && change.asLoaded !== true);
}

function withOrder(change: Change, after: string[], needs: ReadonlySet<string> | undefined): Change {
  const needed = needs === undefined ? [] : after.filter((name) => needs.has(name));
  return { ...change, after, ...(needed.length === 0 ? {} : { needs: needed }) };
}

/** Behind what it requires and what it stands after. */
function upwards(draft: Draft, change: Change, { wait, need }: Edges): void {
  const { changes, next } = draft;
  const spec = specAfter(draft, change);
  // A name alone waits for nothing.
  if (spec === undefined || change.action === 'adopt' || (change.action === 'rename' && change.asLoaded === true)) return;
  // What stays as it was is tied only by what it cannot do without.
  for (const other of change.asLoaded === true ? next.requiredBy(spec) : orderedAfter(spec, next))
    if (isAwaited(changes.get(other))) wait(change.name, other);
  if (change.action === 'rename') return;
  for (const other of next.requiredBy(spec)) if (isAwaited(changes.get(other))) need(change.name, other);
}

/** Removals behind those that needed what is removed, and behind what comes in its place. */
function downwards(draft: Draft, { wait, need }: Edges): void {
  const { changes, last, next } = draft;
  const former = new Map<string, Change>();
  for (const change of changes.values()) former.set(change.from ?? change.name, change);
  for (const change of changes.values()) {
    const spec = loadedOf(draft, change)?.spec;
    if (spec === undefined) continue;
    const required = last.requiredBy(spec);
    for (const other of orderedAfter(spec, last)) {
      const gone = former.get(other);
      if (gone?.action === 'remove' && (change.action === 'remove' || required.includes(other))) wait(gone.name, change.name);
    }
    if (change.action !== 'remove') continue;
    for (const service of spec.provides) {
      const successor = next.resolve(service);
      if (successor !== change.name && isAwaited(changes.get(successor))) need(change.name, successor);
    }
    for (const other of othersOfPackage(draft, change)) need(change.name, other);
  }
}

/** What comes of the same package: another version may have other programs. */
function othersOfPackage(draft: Draft, change: Change): readonly string[] {
  const loaded = loadedOf(draft, change);
  if (loaded?.kind !== 'package') return [];
  const own = packageModule(loaded.name, loaded.spec as PackageSpec);
  return [...draft.changes.values()]
    .filter((other) => {
      const spec = other.kind === 'package' && isAwaited(other) ? specAfter(draft, other) : undefined;
      return spec !== undefined && packageModule(other.name, spec as PackageSpec) === own;
    })
    .map(({ name }) => name);
}

function orderedAfter(spec: Spec, { requiredBy, resolve }: Relations): readonly string[] {
  return spec.after.length === 0 ? requiredBy(spec) : [...requiredBy(spec), ...spec.after.map(resolve)];
}

/** Live changes and bookkeeping on a running module keep nobody waiting. */
function isAwaited(change: Change | undefined): boolean {
  return change?.action === 'load' || change?.action === 'reload' || change?.action === 'rename';
}
