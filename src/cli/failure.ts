import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../model/diagnostic.ts';
import { fromWire, type MusterError, messageOf, toWire, type WireError } from '../model/error.ts';
import { diagnosticsText } from '../render/diagnostics.ts';
import type { Style } from '../render/style.ts';
import type { Io } from './io.ts';

/**
 * Prints what a command threw: one line that names what, where and the code, then what to do, the last output of the
 * module, and findings about the config. A bug shows its stack.
 */
export function printFailure(what: string, error: unknown, io: Io, style: Style): void {
  if (!isUserError(error)) {
    const stack = error instanceof Error ? error.stack : undefined;
    io.err(`muster: ${what}: ${stack ?? messageOf(error)}\nThis is a bug in muster.\n`);
    return;
  }
  io.err(`muster: ${what}: ${withoutSubject(error.message, what)} (${error.code})\n`);
  if (error.diagnostics !== undefined) printDiagnostics(error.diagnostics, io, style);
  if (error.output !== undefined && error.output.length > 0) {
    io.err(`${style.dim('last output:')}\n${error.output.map((line) => `  ${line}\n`).join('')}`);
  }
  if (error.hint !== undefined) io.err(error.hint.replace(/^/gm, '  ').concat('\n'));
}

/** What the line names already is not said again. */
function withoutSubject(message: string, what: string): string {
  const subject = `${what.slice(what.lastIndexOf(' ') + 1)}: `;
  return message.startsWith(subject) ? message.slice(subject.length) : message;
}

/** Findings about a config, on stderr; with the line and a caret where people look on. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], io: Io, style: Style): void {
  if (diagnostics.length === 0) return;
  io.err(`${diagnosticsText(diagnostics, style, io.errTerminal ? sourcesOf(diagnostics) : undefined)}\n`);
}

/** Texts of the files that the findings are about, as far as they can still be read. */
export function sourcesOf(diagnostics: readonly Diagnostic[]): Map<string, string> {
  const sources = new Map<string, string>();
  for (const { file, revision } of diagnostics) {
    // What is called so in a repository is here another file, if it is any.
    if (sources.has(file) || revision !== undefined) continue;
    try {
      sources.set(file, readFileSync(file, 'utf8'));
    } catch {
      // The finding is printed without its line.
    }
  }
  return sources;
}

/** By shape, for the daemon and the offline part are bundles with a class of their own; system errors come from files. */
export function isUserError(error: unknown): error is MusterError {
  if (!(error instanceof Error) || typeof (error as { code?: unknown }).code !== 'string') return false;
  return error.name === 'MusterError' || typeof (error as { syscall?: unknown }).syscall === 'string';
}

/** An error as data, also one that another bundle threw. */
export function wireOf(error: unknown): WireError {
  return toWire(isUserError(error) ? fromWire(error as WireError) : error);
}
