import type { Diagnostic, Position } from '../model/diagnostic.ts';
import type { Draft } from './draft.ts';
import { hostProblems } from './hosting.ts';

/** Adds what forbids the plan, or is worth a word, as diagnostics. */
export function findProblems(draft: Draft, cycles: readonly (readonly string[])[]): void {
  const { input, changes, dropped, holds, leftOut, diagnostics } = draft;
  const { loaded } = input;

  for (const { name, notes = [], source } of draft.wanted.values()) {
    if (changes.has(name)) continue;
    for (const { code, text, always } of notes) if (always === true) diagnostics.push(diagnostic('warning', code, text, source ?? nowhere));
  }
  for (const { name, action, asLoaded } of changes.values()) {
    const desired = draft.wanted.get(name);
    if (desired !== undefined && asLoaded !== true && action !== 'remove') {
      for (const { code, text } of desired.notes ?? []) diagnostics.push(diagnostic('warning', code, text, desired.source ?? nowhere));
    }
    if (desired?.problem === undefined || asLoaded === true || (action !== 'load' && action !== 'reload')) continue;
    const { code, message, hint } = desired.problem;
    diagnostics.push(diagnostic('error', code, message, place(draft, desired.source), hint));
  }
  for (const [name, { code, message, hint }] of hostProblems(draft)) {
    diagnostics.push(diagnostic('error', code, message, place(draft, draft.wanted.get(name)?.source), hint));
  }
  for (const cycle of cycles) {
    const [first = ''] = cycle;
    const message = `these wait for each other: ${[...cycle, first].join(' -> ')}`;
    diagnostics.push(diagnostic('error', 'cycle', message, place(draft, changes.get(first)?.source)));
  }
  for (const [name, users] of dropped.inUse) {
    const verb = users.length === 1 ? 'requires' : 'require';
    const message = `${name} is in use: ${users.join(', ')} ${verb} it`;
    const hint = `muster remove --recursive ${name}`;
    diagnostics.push(diagnostic('error', 'EBUSY', message, place(draft, loaded.get(name)?.source), hint));
  }
  for (const name of holds.refused) {
    const hold = holds.of(name);
    const message = `${name} is held: ${hold?.reason ?? ''}`;
    const release = hold?.name === '*' ? '--all' : name;
    const source = draft.wanted.get(name)?.source ?? loaded.get(name)?.source;
    diagnostics.push(diagnostic('error', 'held', message, place(draft, source), `muster release ${release}, or --override`));
  }
  if (leftOut.size > 0) {
    const names = [...leftOut].sort();
    const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? `, and ${names.length - 5} more` : '');
    // It is the command that says so: there is no place in a file.
    diagnostics.push(diagnostic('warning', 'filtered', `left out by --only or --skip: ${shown}`, nowhere));
  }
  diagnostics.sort(bySeverityAndPlace);
}

const nowhere: Position = { file: '', line: 1, column: 1 };

function place({ input }: Draft, source: Position | null | undefined): Position {
  return source ?? { file: input.config.files[0]?.path ?? '', line: 1, column: 1 };
}

function diagnostic(severity: Diagnostic['severity'], code: string, message: string, at: Position, hint?: string): Diagnostic {
  const { file, line, column } = at;
  return { severity, code, message, ...(hint === undefined ? {} : { hint }), file, line, column, endLine: line, endColumn: column };
}

function bySeverityAndPlace(a: Diagnostic, b: Diagnostic): number {
  if (a.severity !== b.severity) return a.severity === 'error' ? -1 : 1;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  if (a.line !== b.line) return a.line - b.line;
  return a.message < b.message ? -1 : a.message > b.message ? 1 : 0;
}
