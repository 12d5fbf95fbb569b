import type { Diagnostic, Severity } from '../model/diagnostic.ts';
import { type Located, spanOf } from './node.ts';

/** Collects what is found about a config. The same finding at the same place counts once: defaults are seen by every entry. */
export interface Findings {
  error(at: Located, code: string, message: string, hint?: string): void;
  warning(at: Located, code: string, message: string, hint?: string): void;
  add(diagnostic: Diagnostic): void;
  readonly all: readonly Diagnostic[];
}

export function createFindings(): Findings {
  const all: Diagnostic[] = [];
  const seen = new Set<string>();
  const add = (diagnostic: Diagnostic): void => {
    const { file, line, column, code, message } = diagnostic;
    const id = `${file}\0${line}\0${column}\0${code}\0${message}`;
    if (seen.has(id)) return;
    seen.add(id);
    all.push(diagnostic);
  };
  const found = (severity: Severity, at: Located, code: string, message: string, hint?: string): void => {
    add({ severity, code, message, ...(hint === undefined ? {} : { hint }), ...spanOf(at) });
  };
  return {
    error: (at, code, message, hint) => found('error', at, code, message, hint),
    warning: (at, code, message, hint) => found('warning', at, code, message, hint),
    add,
    all,
  };
}

/** In reading order of the files, then by place. */
export function sorted(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const rankOf = (file: string): number => rank.get(file) ?? files.length;
  return [...diagnostics].sort(
    (a, b) => rankOf(a.file) - rankOf(b.file) || a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : 1),
  );
}
