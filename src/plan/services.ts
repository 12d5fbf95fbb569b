import type { Spec } from '../model/fields/table.ts';
import { loaderOf } from '../model/requires.ts';

/** Of a set of modules the few that have to do with services: of thousands most have not, and are not looked at again. */
export interface Services<M> {
  /** Those that provide something. */
  readonly providing: ReadonlyMap<string, M>;
  /** Those that a service loads. */
  readonly hosted: ReadonlyMap<string, M>;
}

export function servicesOf<M extends { readonly spec: Spec }>(modules: ReadonlyMap<string, M>): Services<M> {
  const providing = new Map<string, M>();
  const hosted = new Map<string, M>();
  for (const [name, module] of modules) {
    if (module.spec.provides.length > 0) providing.set(name, module);
    if (loaderOf(module.spec) !== null) hosted.set(name, module);
  }
  return { providing, hosted };
}

/** Of those the ones that are in `modules` too. */
export function among<M>({ providing, hosted }: Services<M>, modules: ReadonlyMap<string, unknown>): Services<M> {
  const isThere = ([name]: [string, M]): boolean => modules.has(name);
  return { providing: new Map([...providing].filter(isThere)), hosted: new Map([...hosted].filter(isThere)) };
}
