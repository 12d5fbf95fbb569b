import { byName } from './name.ts';

interface Placed {
  readonly name: string;
  readonly services: readonly string[];
  readonly service: string | null;
  /** Of a host its own name. */
  readonly host: string | null;
}

/** A module with how many hosts and services stand above it. */
export interface Row<M> {
  readonly module: M;
  readonly depth: number;
}

/**
 * Sorted by name, but a component stands right below its host, and what else a service loaded below the module that is
 * this service.
 */
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

/** By the module that is their host or else their service; null: none that is there. */
function hostedBy<M extends Placed>(modules: readonly M[]): Map<M | null, M[]> {
  const holders = new Map<string, M>();
  for (const module of modules) for (const service of module.services) holders.set(service, module);
  const names = new Map(modules.map((module) => [module.name, module]));
  for (const [name, module] of names) holders.set(name, module);
  const hosted = new Map<M | null, M[]>();
  for (const module of modules) {
    const host = module.host === null || module.host === module.name ? undefined : names.get(module.host);
    const holder = host ?? (module.service === null ? undefined : holders.get(module.service)) ?? null;
    const list = hosted.get(holder);
    if (list === undefined) hosted.set(holder, [module]);
    else list.push(module);
  }
  return hosted;
}
