import type { ConfigSet } from '../../model/config-set.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { CodeSpec } from '../../model/fields/table.ts';
import type { Desired } from '../../model/module.ts';
import { isBelow } from '../../model/place.ts';

/** Folders of a repository whose package.json names an entry file that lies outside of it. */
export function entriesOutside(
  { source, modules, revision }: ConfigSet,
  desired: ReadonlyMap<string, Desired>,
  root: string | null,
): readonly Diagnostic[] {
  if (source === null || root === null) return [];
  return [...desired.values()].flatMap(({ name, kind, spec, path }) => {
    const declared = modules.get(name)?.source;
    const leaves = kind === 'code' && isBelow((spec as CodeSpec).module, root) && !isBelow(path, root);
    if (!leaves || declared === undefined) return [];
    const { file, line, column } = declared;
    const place = { file, line, column, endLine: line, endColumn: column + name.length };
    const message = `${name}: its entry file ${path} lies outside of the repository`;
    return [{ severity: 'error', code: 'outsideSource', message, ...place, ...(revision === null ? {} : { revision }) }];
  });
}
