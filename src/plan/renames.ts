import type { Desired, Loaded } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { stays } from './ownership.ts';
import { leavingAddress } from './same-address.ts';

/**
 * New name -> former name, where `renamedFrom` names a loaded module that nobody wants under that name, and the new
 * name is free; or where the new one is to listen where that one does, which would be removed. If several entries claim
 * the same one, the first by name gets it. A rollback gives the old name back to the loaded module that says so of itself.
 */
export function findRenames(input: PlanInput, wanted: ReadonlyMap<string, Desired>): Map<string, string> {
  const { loaded, desired, request, rollbackOf } = input;
  const renames = new Map<string, string>();
  const claims = new Map<string, string>();
  const since = rollbackOf === undefined ? [] : [...loaded.values()].filter(({ name }) => !desired.has(name));
  const renamedSince = new Map(since.map(({ name, spec }) => [spec.renamedFrom, name]));
  const leaving = [...loaded.values()].filter((one) => !desired.has(one.name) && !one.spec.protect && goes(input, one));
  for (const [name, { spec }] of wanted) {
    const from = renamedSince.get(name) ?? spec.renamedFrom ?? (leaving.length === 0 ? undefined : leavingAddress(spec, leaving));
    if (from === undefined || from === name || desired.has(from) || !loaded.has(from) || loaded.has(name)) continue;
    if (request.drop.has(from) || request.drop.has(name)) continue;
    const other = claims.get(from);
    if (other === undefined || name < other) claims.set(from, name);
  }
  for (const [from, name] of claims) renames.set(name, from);
  return renames;
}

function goes(input: PlanInput, loaded: Loaded): boolean {
  return stays({ input, skipped: new Map() }, loaded) === null;
}
