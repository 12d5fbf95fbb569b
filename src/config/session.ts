import type { FileText } from '../model/config-set.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { declare } from './declare.ts';
import { type Evaluated, evaluateEntry, type Surroundings } from './entry.ts';
import { createFindings, type Findings } from './findings.ts';
import { evaluateHosts, normalHosts } from './hosts.ts';
import { evaluateParts } from './in-parts.ts';
import { type Lessons, learn } from './learned.ts';
import { isIgnored } from './raw.ts';
import { split } from './split.ts';
import { type Unit, unitInParts, wholeUnit } from './unit.ts';

interface Kept {
  readonly unit: Unit;
  readonly found: readonly Diagnostic[];
  /** Under these defaults, and without any finding. */
  readonly done?: { readonly defaults: string; readonly entries: ReadonlyMap<string, Evaluated> };
  readonly learned?: { readonly defaults: string; readonly lessons: Lessons };
}

export interface Around extends Surroundings {
  /** Equal where the defaults and the folder are. */
  readonly defaultsKey: string;
}

/**
 * What is remembered of files between two compilations: their trees, the entries in them, and the entries by the text
 * of their lines. All of it only saves work: the result is that of a first compilation.
 */
export interface Session {
  unit(file: FileText, findings: Findings, inParts: boolean): Unit;
  /** The entries of a file, hosts and components among them; null if it was cut into parts and one cannot be judged by itself. */
  entries(unit: Unit, around: Around): ReadonlyMap<string, Evaluated> | null;
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

    entries(unit, around) {
      const { file, parts, anchored } = unit;
      const known = kept.get(file.path);
      if (known?.unit === unit && known.done?.defaults === around.defaultsKey) return known.done.entries;
      const before = around.findings.all.length;
      const lessons = known?.learned?.defaults === around.defaultsKey ? known.learned.lessons : undefined;
      const entries = parts === null ? wholeEntries(unit, around) : evaluateParts(parts, { file: file.path, around, lessons });
      if (entries === null || known === undefined) return entries;
      const clean = around.findings.all.length === before && known.found.length === 0;
      const done = clean ? { defaults: around.defaultsKey, entries } : undefined;
      // Text with anchors in it means what other text says.
      const learned =
        done === undefined || anchored ? undefined : { defaults: done.defaults, lessons: learn(parts ?? split(file.text), entries) };
      kept.set(file.path, {
        ...{ unit, found: known.found },
        ...(done === undefined ? {} : { done }),
        ...(learned === undefined ? {} : { learned }),
      });
      return entries;
    },

    keep(paths) {
      for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path);
    },
  };
}

function wholeEntries({ root }: Unit, around: Around): ReadonlyMap<string, Evaluated> {
  const { findings } = around;
  const entries = new Map<string, Evaluated>();
  const modules = root?.fields.get('modules')?.value;
  for (const [name, pair] of modules?.kind === 'dict' ? modules.fields : []) {
    if (!isIgnored(name)) entries.set(name, evaluateEntry(name, pair, around));
  }
  const hosts = root?.fields.get('hosts')?.value;
  if (hosts?.kind !== 'dict') return entries;
  for (const entry of evaluateHosts(normalHosts(hosts, findings), around)) declare(entry.name, entry, entries, findings);
  return entries;
}
