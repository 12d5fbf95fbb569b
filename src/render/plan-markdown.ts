import type { Plan, Result } from '../model/plan.ts';
import { fenced, table } from './markdown.ts';
import { fieldText, planRows } from './plan-rows.ts';
import { summaryLine } from './plan-summary.ts';
import { planText } from './plan-text.ts';

/** A plan or result for a review: the summary, one table row per change, and the text form in a fence. */
export function planMarkdown(doc: Plan | Result): string {
  const rows = planRows(doc).flatMap(({ change, name, kind, what, place }) => {
    if (change === null) return [];
    const fields = change.fields.map(fieldText).join(', ');
    const status = 'status' in change ? [change.status] : [];
    return [[what, name, kind, ...status, change.reason.text, fields, place]];
  });
  const head = ['Action', 'Module', 'Kind', ...(doc.kind === 'Result' ? ['Status'] : []), 'Reason', 'Fields', 'Source'];
  const parts = [summaryLine(doc), ...(rows.length === 0 ? [] : [table(head, rows)]), fenced(planText(doc), 'text')];
  return `${parts.join('\n\n')}\n`;
}
