import type { Launch } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { Spec } from '../model/fields/table.ts';
import { isOneshot } from '../model/oneshot.ts';
import { formatDuration } from '../model/units.ts';

/** How long a start may take, and again from the launch (null: as long as it takes), and the field that says so. */
export function startBoundOf(spec: Spec, isLaunched = true): { readonly ms: number | null; readonly field: string } {
  if (isOneshot(spec)) return { ms: spec.startTimeout === 0 ? null : spec.startTimeout, field: 'startTimeout' };
  const own = isLaunched && 'ready' in spec ? spec.ready?.timeout : undefined;
  return own === undefined ? { ms: spec.startTimeout, field: 'startTimeout' } : { ms: own, field: 'ready.timeout' };
}

/** It has taken too long; `awaited` is what it has waited for, where that is known. */
export function lateError({ name, kind, spec }: Launch, { ms, field }: { ms: number; field: string }, awaited: string | null): MusterError {
  const within = `${formatDuration(ms)} (${field})${awaited === null ? '' : `: ${awaited}`}`;
  if (isOneshot(spec)) {
    return new MusterError('ETIMEDOUT', `${name} was not done after ${within}`, {
      hint: 'if it takes longer, raise its startTimeout; 0 is no limit',
    });
  }
  const hint = 'a module runs once it calls ctx.run() or ctx.ready(); if that takes longer, raise its startTimeout';
  return new MusterError('ETIMEDOUT', `${name} was not running after ${within}`, kind === 'code' ? { hint } : {});
}
