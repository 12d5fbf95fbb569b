import equal from 'fast-deep-equal';
import type { Declared, Entry } from '../model/module.ts';
import type { Evaluated } from './entry.ts';
import { spanOf } from './node.ts';

/** The declared set, with the objects of the set before wherever they say the same (model/module.ts on Entry). */
export function declarations(
  modules: ReadonlyMap<string, Evaluated>,
  before: ReadonlyMap<string, Declared> | undefined,
): Map<string, Declared> {
  const result = new Map<string, Declared>();
  for (const [name, { entry, key }] of modules) {
    if (entry === null) continue;
    const known = before?.get(name);
    const { file, line, column } = spanOf(key);
    const kept = known !== undefined && same(known.entry, entry) ? known.entry : entry;
    const at = known?.source;
    const still = known?.entry === kept && at?.line === line && at.column === column && at.file === file;
    result.set(name, still ? known : Object.freeze({ entry: kept, source: Object.freeze({ file, line, column }) }));
  }
  return result;
}

function same(a: Entry, b: Entry): boolean {
  return a === b || (a.digest === b.digest && a.kind === b.kind && equal(a.spec, b.spec) && equal(a.secrets, b.secrets));
}
