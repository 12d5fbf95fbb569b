import { byName } from './name.ts';

interface Placed {
  readonly name: string;
  readonly services: readonly string[];
  readonly service: string | null;
}

/** A module with how many services stand above it. */
export interface Row<M> {
  readonly module: M;
  readonly depth: number;
}

/** Sorted by name, but what a service loaded stands right below the module that is this service. */
export function belowTheirServices<M extends Placed>(modules: readonly M[]): Row<M>[] {
  const sorted = [...modules].sort(byName);
  const hosted = hostedBy(sorted);
  const rows: Row<M>[] = [];
  const left = new Set(sorted);
  const add = (module: M, depth: number): void => {
    if (!left.delete(module)) return;
    rows.push({ module, depth });
    for (const below of hosted.get(module) ?? []) add(below, depth + 1);
  };
  for (const module of hosted.get(null) ?? []) add(module, 0);
  for (const module of left) add(module, 0); // services in a circle make no sense, but are listed
  return rows;
}

/** By the module that is their service; null: none that is there. */
function hostedBy<M extends Placed>(modules: readonly M[]): Map<M | null, M[]> {
  const holders = new Map<string, M>();
  for (const module of modules) for (const service of module.services) holders.set(service, module);
  for (const module of modules) holders.set(module.name, module);
  const hosted = new Map<M | null, M[]>();
  for (const module of modules) {
    const holder = (module.service === null ? undefined : holders.get(module.service)) ?? null;
    const list = hosted.get(holder);
    if (list === undefined) hosted.set(holder, [module]);
    else list.push(module);
  }
  return hosted;
}
