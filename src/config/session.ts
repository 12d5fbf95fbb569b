import type { FileText } from '../model/config-set.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { type Defaults, type Evaluated, evaluateEntry } from './entry.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Environment } from './interpolate.ts';
import type { Located } from './node.ts';
import { isIgnored } from './raw.ts';
import type { Chunk } from './split.ts';
import { split } from './split.ts';
import { parsePart, type Unit, unitInParts, wholeUnit } from './unit.ts';

/** What is said of one chunk, wherever it stands. */
interface Learned {
  /** Null for what is ignored. */
  readonly evaluated: Evaluated | null;
  /** Where it stood. */
  readonly line: number;
}

interface Kept {
  readonly unit: Unit;
  readonly found: readonly Diagnostic[];
  /** Under these defaults, and without any finding. */
  readonly done?: { readonly defaults: string; readonly modules: ReadonlyMap<string, Evaluated> };
  /** By the text of a chunk. */
  readonly learned?: { readonly defaults: string; readonly chunks: ReadonlyMap<string, Learned> };
}

export interface Around {
  readonly env: Environment;
  readonly defaults: Defaults;
  readonly folder: string;
  /** Equal where the defaults and the folder are. */
  readonly defaultsKey: string;
  readonly findings: Findings;
}

/**
 * What is remembered of files between two compilations: their trees, the entries in them, and the entries by the text
 * of their lines. All of it only saves work: the result is that of a first compilation.
 */
export interface Session {
  unit(file: FileText, findings: Findings, inParts: boolean): Unit;
  /** The entries of a file; null if it was cut into parts and one of them cannot be judged by itself. */
  modules(unit: Unit, around: Around): ReadonlyMap<string, Evaluated> | null;
  /** Forgets all files but these. */
  keep(paths: ReadonlySet<string>): void;
}

export function createSession(): Session {
  const kept = new Map<string, Kept>();

  return {
    unit(file, findings, inParts) {
      const known = kept.get(file.path);
      const same = known?.unit.file.sha256 === file.sha256 && known.unit.file.text.length === file.text.length;
      if (known !== undefined && same && (inParts || known.unit.parts === null)) {
        for (const diagnostic of known.found) findings.add(diagnostic);
        return known.unit;
      }
      const parts = inParts && known?.learned !== undefined ? unitInParts(file) : null;
      const found = createFindings();
      const unit = parts ?? wholeUnit(file, found);
      for (const diagnostic of found.all) findings.add(diagnostic);
      kept.set(file.path, { unit, found: found.all, ...(known?.learned === undefined ? {} : { learned: known.learned }) });
      return unit;
    },

    modules(unit, around) {
      const known = kept.get(unit.file.path);
      if (known?.unit === unit && known.done?.defaults === around.defaultsKey) return known.done.modules;
      const before = around.findings.all.length;
      const modules = unit.parts === null ? wholeModules(unit, around) : partModules(unit, unit.parts.chunks, known, around);
      if (modules === null || known === undefined) return modules;
      const clean = around.findings.all.length === before && known.found.length === 0;
      const done = clean ? { defaults: around.defaultsKey, modules } : undefined;
      // Text with anchors in it means what other text says.
      const learned = done === undefined || unit.anchored ? undefined : { defaults: done.defaults, chunks: learn(unit, modules) };
      kept.set(unit.file.path, {
        ...{ unit, found: known.found },
        ...(done === undefined ? {} : { done }),
        ...(learned === undefined ? {} : { learned }),
      });
      return modules;
    },

    keep(paths) {
      for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path);
    },
  };
}

function wholeModules({ root }: Unit, around: Around): ReadonlyMap<string, Evaluated> {
  const modules = new Map<string, Evaluated>();
  const declared = root?.fields.get('modules')?.value;
  if (declared?.kind !== 'dict') return modules;
  for (const [name, pair] of declared.fields) if (!isIgnored(name)) modules.set(name, evaluateEntry(name, pair, around));
  return modules;
}

function partModules(
  { file }: Unit,
  chunks: readonly Chunk[],
  known: Kept | undefined,
  around: Around,
): ReadonlyMap<string, Evaluated> | null {
  const learned = known?.learned?.defaults === around.defaultsKey ? known.learned.chunks : undefined;
  const modules = new Map<string, Evaluated>();
  for (const chunk of chunks) {
    const before = learned?.get(chunk.text);
    const evaluated = before === undefined ? evaluateChunk(chunk, file.path, around) : moved(before, chunk.line);
    if (evaluated === undefined) return null;
    if (evaluated !== null) modules.set(chunk.name, evaluated);
  }
  return modules;
}

/** Undefined if it cannot be judged by itself, or anything is to be said of it; null if it is to be ignored. */
function evaluateChunk({ name, text, line }: Chunk, file: string, around: Around): Evaluated | null | undefined {
  const pair = parsePart(text, name, file, line - 1);
  if (pair === null) return undefined;
  if (isIgnored(name)) return null;
  const findings = createFindings();
  const evaluated = evaluateEntry(name, pair, { ...around, findings });
  return findings.all.length === 0 ? evaluated : undefined;
}

/** By the text of its lines each entry; nothing where lines do not tell. */
function learn({ file, parts }: Unit, modules: ReadonlyMap<string, Evaluated>): ReadonlyMap<string, Learned> {
  const learned = new Map<string, Learned>();
  for (const { name, text, line } of (parts ?? split(file.text))?.chunks ?? []) {
    learned.set(text, { evaluated: modules.get(name) ?? null, line });
  }
  return learned;
}

/** The same some lines further down or up. */
function moved({ evaluated, line }: Learned, now: number): Evaluated | null {
  if (evaluated === null || line === now) return evaluated;
  const move = (at: Located): Located => ({ ...at, source: { ...at.source, base: at.source.base + now - line } });
  const references = (list: Evaluated['requires']): Evaluated['requires'] =>
    list.length === 0 ? list : list.map(({ name, at }) => ({ name, at: move(at) }));
  return { ...evaluated, key: move(evaluated.key), requires: references(evaluated.requires), after: references(evaluated.after) };
}
