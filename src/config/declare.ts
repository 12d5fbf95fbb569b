import type { Findings } from './findings.ts';
import { type Located, spanOf } from './node.ts';

/** Adds to what is declared; what already is there is an error that names both places. */
export function declare<T extends { readonly key: Located }>(name: string, item: T, all: Map<string, T>, findings: Findings): void {
  const first = all.get(name);
  if (first === undefined) {
    all.set(name, item);
    return;
  }
  const { file, line } = spanOf(first.key);
  findings.error(item.key, 'duplicateModule', `${name} is declared here and at ${file}:${line}`, 'remove or rename one of them');
}
