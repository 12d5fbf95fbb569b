import type { Spec } from '../model/fields/table.ts';

/** How long a start may take from the launch, and the field that says so. */
export function startBoundOf(spec: Spec): { readonly ms: number; readonly field: string } {
  const own = 'ready' in spec ? spec.ready?.timeout : undefined;
  return own === undefined ? { ms: spec.startTimeout, field: 'startTimeout' } : { ms: own, field: 'ready.timeout' };
}
