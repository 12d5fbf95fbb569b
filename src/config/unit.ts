import type { FileText } from '../model/config-set.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Dict } from './node.ts';
import { parse } from './parse.ts';

/** One file, parsed. */
export interface Unit {
  readonly file: FileText;
  /** Null if it cannot be used. */
  readonly root: Dict | null;
}

/** Parses files and keeps the last result of each: unchanged text is not parsed again. */
export function createUnits(): (file: FileText, findings: Findings) => Unit {
  const kept = new Map<string, { unit: Unit; found: Findings }>();
  return (file, findings) => {
    let known = kept.get(file.path);
    if (known === undefined || known.unit.file.sha256 !== file.sha256) {
      const found = createFindings();
      known = { unit: { file, root: parse(file.text, file.path, found).root }, found };
      kept.set(file.path, known);
    }
    for (const diagnostic of known.found.all) findings.add(diagnostic);
    return known.unit;
  };
}
