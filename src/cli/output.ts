import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Plan, Result } from '../model/plan.ts';
import { parseSize } from '../model/units.ts';
import { leastBytes, planMarkdown } from '../render/plan-markdown.ts';
import { planText } from '../render/plan-text.ts';
import type { Style } from '../render/style.ts';
import type { Call, OptionSpec } from './command.ts';
import { printDiagnostics } from './failure.ts';

export type Format = 'text' | 'json' | 'ndjson' | 'markdown';

/** Options that some commands have and others do not. */
interface RunPrinting {
  output?: Format;
  maxBytes?: number;
  detailedExitcode?: boolean;
}

export const formatOption: OptionSpec = {
  flags: '-o, --output <FORMAT>',
  doc: 'how to print the plan or result',
  choices: ['text', 'json', 'ndjson', 'markdown'],
};
export const maxBytesOption: OptionSpec = {
  flags: '--max-bytes <N>',
  doc: 'with `-o markdown`: leave out whole rows beyond it, and say how many; a comment on GitHub has at most 65536',
  parse(text) {
    const bytes = parseSize(text);
    if (bytes !== null && bytes >= leastBytes) return bytes;
    throw new MusterError('EINVAL', `--max-bytes is ${leastBytes} or more, not "${text}"`);
  },
};

/** `-o` says more than `--json`. */
export function formatOf(call: Call): Format {
  const { output, maxBytes } = call.options as RunPrinting;
  if (maxBytes !== undefined && output !== 'markdown') throw new MusterError('EINVAL', '--max-bytes goes with -o markdown');
  return output ?? (call.globals.json === true ? 'json' : 'text');
}

/** Documents have two spaces of indent and a final newline. */
export function printJson(call: Call, document: unknown): void {
  call.io.out(`${JSON.stringify(document, null, 2)}\n`);
}

/** One line of a stream. */
export function printJsonLine(call: Call, record: unknown): void {
  call.io.out(`${JSON.stringify(record)}\n`);
}

/** Text on stdout with a final newline; nothing for nothing. */
export function print(call: Call, text: string): void {
  if (text !== '') call.io.out(text.endsWith('\n') ? text : `${text}\n`);
}

/** Prints a plan or what became of it, its findings on stderr, and gives the exit code: the one that the document names. */
export function printRun(call: Call, done: Plan | Result, detailed = (call.options as RunPrinting).detailedExitcode === true): number {
  const run = { ...done, exitCode: exitOf(done, detailed) };
  const format = formatOf(call);
  printDiagnostics(run.diagnostics, call.io, call.errStyle);
  if (format === 'json') printJson(call, run);
  else if (format === 'ndjson') printJsonLine(call, run);
  else if (format === 'markdown') print(call, planMarkdown(run, call.options as RunPrinting));
  else print(call, runText(run, call.style));
  if (run.outcome === 'error' && run.changes.length === 0) call.io.err('Nothing was changed.\n');
  return run.exitCode;
}

/**
 * For commands on single modules, which are silent when they succeed: the plan of a dry-run, all of a result in a form that was
 * asked for, and of a result that is no success its text on stderr.
 */
export function printQuietRun(call: Call, run: Plan | Result): number {
  return printDone(call, run, false);
}

/** The same for those that do more than is obvious from what was typed: what became of it goes to stdout. */
export function printToldRun(call: Call, run: Plan | Result): number {
  return printDone(call, run, true);
}

function printDone(call: Call, run: Plan | Result, told: boolean): number {
  if (run.kind === 'Plan' || formatOf(call) !== 'text') return printRun(call, run);
  printDiagnostics(run.diagnostics, call.io, call.errStyle);
  if (run.exitCode !== exitCode.ok) call.io.err(runText(run, call.errStyle));
  else if (told) print(call, runText(run, call.style));
  return run.exitCode;
}

/** The findings have been printed already, on stderr; a plan that could not be made because of them says nothing more. */
export function runText(run: Plan | Result, style: Style): string {
  return run.outcome === 'error' && run.changes.length === 0 ? '' : planText({ ...run, diagnostics: [] }, style);
}

function exitOf(run: Plan | Result, detailed: boolean): number {
  const different = run.outcome === 'changes' || run.outcome === 'applied';
  return detailed && run.exitCode === exitCode.ok && different ? exitCode.differences : run.exitCode;
}
