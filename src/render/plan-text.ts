import type { ChangeResult, Plan, Result } from '../model/plan.ts';
import { planNotes } from './plan-notes.ts';
import { mainFile, type PlanRow, planRows } from './plan-rows.ts';
import { summaryLine } from './plan-summary.ts';
import { revisionText } from './source.ts';
import { plainStyle, printable, type Style } from './style.ts';

/** A plan or its result for a terminal or a pipe (CONTRACT §6). Columns are aligned and names never cut. */
export function planText(doc: Plan | Result, style: Style = plainStyle): string {
  const rows = planRows(doc);
  const notes = planNotes(doc).map(({ level, text }) => style[level](printable(text)));
  const lines = rows.length === 0 ? [] : [style.bold(header(doc)), ...rowLines(rows, style)];
  return `${[...lines, ...notes, summaryLine(doc)].join('\n')}\n`;
}

function header(doc: Plan | Result): string {
  const { host, generation } = doc.target;
  const { revision } = doc.config;
  const file = `${mainFile(doc)}${revision === undefined ? '' : ` at ${revisionText(revision)}`}`;
  return `${file === '' ? '' : `${file} -> `}${host}, generation ${generation}`;
}

function rowLines(rows: readonly PlanRow[], style: Style): string[] {
  const width = (cells: string[]): number => Math.max(...cells.map((cell) => cell.length));
  const names = width(rows.map(indented)) + 2;
  const kinds = width(rows.map((row) => row.kind)) + 2;
  const whats = width(rows.map((row) => row.what)) + 2;
  const statuses = width(rows.map(statusOf));
  return rows.flatMap((row) => {
    const status = statuses === 0 ? '' : statusOf(row).padEnd(statuses + 2);
    const head = `${row.mark.padStart(3)} ${indented(row).padEnd(names)}${row.kind.padEnd(kinds)}${row.what.padEnd(whats)}`;
    const place = row.place === '' ? '' : `${row.details === '' ? '' : '    '}${style.dim(printable(row.place))}`;
    const line = `${colour(row, style)(head)}${statusColour(row, style)(status)}${printable(row.details)}${place}`.trimEnd();
    return [line, ...failureLines(row, style)];
  });
}

function indented({ name, depth }: PlanRow): string {
  return `${'  '.repeat(depth)}${name}`;
}

const words: Record<ChangeResult['status'], string> = {
  ok: 'ok',
  failed: 'failed',
  reverted: 'reverted',
  rolledBack: 'rolled back',
  skipped: 'skipped',
  notRun: 'not run',
};

function statusOf({ change }: PlanRow): string {
  return change !== null && 'status' in change ? words[change.status] : '';
}

/** What went wrong, what to do about it, and the last lines that the module said. */
function failureLines({ change }: PlanRow, style: Style): string[] {
  if (change === null || !('status' in change) || change.error === null) return [];
  const { code, message, hint, output = [] } = change.error;
  const text = code === 'EFAILED' ? message : `${message} (${code})`;
  return [
    ...text.split('\n').map((line) => style.error(`      ${printable(line)}`)),
    ...(hint === undefined ? [] : [`      ${style.dim('hint:')} ${printable(hint)}`]),
    ...output.map((line) => style.dim(`      | ${printable(line)}`)),
  ];
}

function colour({ mark }: PlanRow, style: Style): (text: string) => string {
  if (mark === '+') return style.add;
  if (mark === '-') return style.remove;
  return mark === '~' || mark === '-/+' ? style.change : style.dim;
}

function statusColour({ change }: PlanRow, style: Style): (text: string) => string {
  if (change === null || !('status' in change)) return style.dim;
  return change.status === 'ok' ? style.add : change.status === 'failed' || change.status === 'reverted' ? style.error : style.warning;
}
