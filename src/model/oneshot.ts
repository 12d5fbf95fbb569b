import type { Spec } from './fields/table.ts';

/** Whether a module is done once it has ended with success, instead of running on. */
export function isOneshot(spec: Spec): boolean {
  return 'oneshot' in spec && spec.oneshot;
}
