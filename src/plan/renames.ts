import type { Desired } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';

/**
 * New name -> former name, where `renamedFrom` names a loaded module that nobody wants under that name, and the new
 * name is free. If several entries claim the same one, the first by name gets it.
 */
export function findRenames({ loaded, desired, request }: PlanInput, wanted: ReadonlyMap<string, Desired>): Map<string, string> {
  const renames = new Map<string, string>();
  const claims = new Map<string, string>();
  for (const [name, { spec }] of wanted) {
    const from = spec.renamedFrom;
    if (from === undefined || from === name || desired.has(from) || !loaded.has(from) || loaded.has(name)) continue;
    if (request.drop.has(from) || request.drop.has(name)) continue;
    const other = claims.get(from);
    if (other === undefined || name < other) claims.set(from, name);
  }
  for (const [from, name] of claims) renames.set(name, from);
  return renames;
}
