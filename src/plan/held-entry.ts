import type { Kind, Spec } from '../model/fields/table.ts';
import type { Hold } from '../model/module.ts';
import type { Action, HeldEntry } from '../model/plan.ts';
import { nameplate } from './entry.ts';

/** A module that is passed over, with what would have been done. */
export function heldEntry(name: string, module: { readonly kind: Kind; readonly spec: Spec }, hold: Hold, would: Action | null): HeldEntry {
  return {
    ...nameplate(name, module),
    reason: hold.reason,
    until: hold.until === null ? null : new Date(hold.until).toISOString(),
    would,
  };
}
