import type { Kind, Spec } from '../model/fields/table.ts';
import type { Desired, Loaded } from '../model/module.ts';
import type { Change, IsolationOf } from '../model/plan.ts';
import type { Verdict } from './draft.ts';

/** Where a module runs: of code its isolation, of others null. */
export function isolationOf({ spec }: { readonly spec: Spec }): IsolationOf {
  return 'isolation' in spec ? spec.isolation : null;
}

/** How a module appears in every list of a plan. */
export function nameplate(name: string, module: { readonly kind: Kind; readonly spec: Spec }) {
  const { host } = module.spec;
  return { name, kind: module.kind, isolation: isolationOf(module), ...(host === undefined ? {} : { host }) };
}

/** A change as the plan shows it; `module` is what the name becomes, or what is removed. */
export function changeOf(name: string, module: Desired | Loaded, { action, reason, fields }: Verdict): Change {
  return {
    ...nameplate(name, module),
    action,
    reason,
    source: module.source,
    fields: [...fields],
    codeDigest: module.codeDigest,
    ...(module.version === undefined ? {} : { version: module.version }),
    after: [],
  };
}
