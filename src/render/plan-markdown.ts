import type { Plan, Result } from '../model/plan.ts';
import { fenced, table } from './markdown.ts';
import { fieldText, planRows } from './plan-rows.ts';
import { summaryLine } from './plan-summary.ts';
import { planText } from './plan-text.ts';

/** A plan or result for a review: the summary, one table row per change, and the text form in a fence. */
export function planMarkdown(doc: Plan | Result): string {
  const all = planRows(doc);
  const withHosts = all.some(({ change, host }) => change !== null && host !== undefined);
  const rows = all.flatMap(({ change, name, host = '', kind, what, place }) => {
    if (change === null) return [];
    const fields = change.fields.map(fieldText).join(', ');
    const status = 'status' in change ? [change.status] : [];
    return [[what, name, ...(withHosts ? [host] : []), kind, ...status, change.reason.text, fields, place]];
  });
  const head = [
    'Action',
    'Module',
    ...(withHosts ? ['Host'] : []),
    'Kind',
    ...(doc.kind === 'Result' ? ['Status'] : []),
    'Reason',
    'Fields',
    'Source',
  ];
  const parts = [summaryLine(doc), ...(rows.length === 0 ? [] : [table(head, rows)]), fenced(planText(doc), 'text')];
  return `${parts.join('\n\n')}\n`;
}
