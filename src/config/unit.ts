import type { FileText } from '../model/config-set.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Dict, Pair } from './node.ts';
import { parse } from './parse.ts';
import { type Split, split } from './split.ts';

/** One file, parsed. */
export interface Unit {
  readonly file: FileText;
  /** Null if it cannot be used. In a unit that was cut into parts `modules` and `hosts` are empty maps. */
  readonly root: Dict | null;
  /** True if a part of it refers to another. */
  readonly anchored: boolean;
  /** Set if the file was cut into parts. */
  readonly parts: Split | null;
}

/** Parses the file as a whole. */
export function wholeUnit(file: FileText, findings: Findings): Unit {
  return { file, ...parse(file.text, file.path, findings), parts: null };
}

/** Parses all but the entries of `modules` and `hosts`; null where that cannot be done safely, or anything is wrong. */
export function unitInParts(file: FileText): Unit | null {
  const parts = split(file.text);
  if (parts === null) return null;
  const fields = new Map<string, Pair>();
  for (const section of parts.sections) {
    const pair = parsePart(section.text, section.name, file.path, section.line - 1);
    if (pair === null) return null;
    fields.set(section.name, pair);
  }
  for (const { name, line } of parts.cut) {
    const key = { source: { file: file.path, lines: [0], base: line - 1 }, start: 0, end: name.length };
    fields.set(name, { key, value: { ...key, kind: 'dict', fields: new Map() } });
  }
  const source = { file: file.path, lines: [0], base: 0 };
  return { file, root: { kind: 'dict', source, start: 0, end: 0, fields }, anchored: false, parts };
}

/** The one key of a text that stands by itself. */
export function parsePart(text: string, name: string, file: string, base: number): Pair | null {
  const findings = createFindings();
  const { root, anchored } = parse(text, file, findings, base);
  if (root === null || anchored || findings.all.length > 0 || root.fields.size !== 1) return null;
  return root.fields.get(name) ?? null;
}
