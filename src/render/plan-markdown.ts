import type { Plan, Result } from '../model/plan.ts';
import { fenceable, fenced, headOf, hidden, inline, row } from './markdown.ts';
import { planNotes } from './plan-notes.ts';
import { fieldText, type PlanRow, planRows } from './plan-rows.ts';
import { summaryLine } from './plan-summary.ts';
import { planText } from './plan-text.ts';
import { bytesOf, fitting } from './within-bytes.ts';

/** Below this not even what is never left out fits. */
export const leastBytes = 4096;

/**
 * A plan or result for a review: the summary, what is wrong, one table row per change, the text form in a fence, and a hidden
 * line by which a bot finds its comment again. Of more than `maxBytes` whole rows and lines are left out, and it says how
 * many; the summary is always that of all changes.
 */
export function planMarkdown(doc: Plan | Result, { maxBytes = Number.POSITIVE_INFINITY }: { maxBytes?: number | undefined } = {}): string {
  const summary = boundedSummary(doc);
  const ends = [inline(summary), marker(doc)] as const;
  const rows = planRows(doc).filter(({ change }) => change !== null);
  const columns = columnsOf(doc, rows);
  const head = headOf(columns.map(([title]) => title));
  const lines = fenceable(planText(doc)).slice(0, -1);
  const [last = ''] = fenceable(summary);
  // What is said of what is left out, and what stands around the parts.
  let left = maxBytes - bytesOf(...ends, ...head, last) - 512;
  const take = (all: readonly string[], share: number): readonly string[] => {
    const taken = fitting(all, left * share);
    left -= bytesOf(...taken);
    return taken;
  };
  const notes = planNotes(doc).map(({ level, text }) => `- **${level}** ${inline(shortened(text))}`);
  const shownNotes = take(notes, 0.5);
  const table = rows.map((each) => row(columns.map(([, cell]) => cell(each))));
  const shownRows = take(table, 1);
  // Where not all changes are in the table there is no use in some of them in another form.
  const shownLines = shownRows.length < table.length ? [] : take(lines, 1);
  const parts = [
    ends[0],
    shownNotes.join('\n'),
    leftOut(notes.length - shownNotes.length, 'note'),
    shownRows.length === 0 ? '' : [...head, ...shownRows].join('\n'),
    leftOut(table.length - shownRows.length, 'change'),
    fenced([...shownLines, last], 'text'),
    leftOut(lines.length - shownLines.length, 'line'),
    ends[1],
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

type Column = readonly [title: string, cell: (row: PlanRow) => string];

function columnsOf(doc: Plan | Result, rows: readonly PlanRow[]): readonly Column[] {
  const host: Column = ['Host', ({ host: name = '' }) => inline(name)];
  const status: Column = ['Status', ({ change }) => (change !== null && 'status' in change ? change.status : '')];
  return [
    ['Action', ({ what }) => what],
    ['Module', ({ name }) => inline(name)],
    ...(rows.some((each) => each.host !== undefined) ? [host] : []),
    ['Kind', ({ kind }) => inline(kind)],
    ...(doc.kind === 'Result' ? [status] : []),
    ['Reason', reasonOf],
    ['Fields', ({ change }) => inline(shortened(change?.fields.map((field) => shortened(fieldText(field))).join(', ') ?? ''))],
    ['Source', ({ place }) => inline(place)],
  ];
}

function reasonOf({ change }: PlanRow): string {
  if (change === null) return '';
  const error = 'status' in change ? change.error : null;
  return inline(shortened(error === null ? change.reason.text : `${change.reason.text}: ${error.message}`));
}

/** The same for every plan of a daemon; a plan between files is for none. */
function marker({ target: { daemonId } }: Plan | Result): string {
  return hidden(`muster:plan daemon=${daemonId === '' ? 'none' : daemonId.slice(0, 128)}`);
}

function leftOut(count: number, what: string): string {
  return count === 0
    ? ''
    : `_${count} more ${what}${count === 1 ? '' : 's'} left out: there is no room for ${count === 1 ? 'it' : 'them'} here._`;
}

/** A value of a cell; all of it is in the other forms. */
const longest = 500;

function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} more characters)`;
}

/** Without the name of the file where that is all too long. */
function boundedSummary(doc: Plan | Result): string {
  const summary = summaryLine(doc);
  return bytesOf(inline(summary)) <= leastBytes / 4 ? summary : summaryLine({ ...doc, config: { ...doc.config, files: [] } });
}
