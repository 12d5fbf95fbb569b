import type { Action, ChangeResult, Plan, Result, Summary } from '../model/plan.ts';
import { mainFile } from './plan-rows.ts';

const order: readonly Action[] = ['load', 'adopt', 'rename', 'reconfigure', 'reload', 'remove'];
const done: Record<Action, string> = {
  load: 'loaded',
  adopt: 'adopted',
  rename: 'renamed',
  reconfigure: 'reconfigured',
  reload: 'reloaded',
  remove: 'removed',
};
const statuses = [
  ['failed', 'failed'],
  ['reverted', 'reverted'],
  ['rolledBack', 'rolled back'],
  ['skipped', 'skipped'],
  ['notRun', 'not run'],
] as const;

/** The last line: `Plan: …`, `Applied: …`, `Not applied: …` or `No changes. …`. All its numbers come from the document. */
export function summaryLine(doc: Plan | Result): string {
  if (doc.changes.length === 0 && doc.outcome === 'refused') return 'Refused. Nothing is changed.';
  if (doc.changes.length === 0 && doc.outcome === 'error') return 'An error. Nothing is changed.';
  if (doc.changes.length === 0) return sentences([`No changes${matches(doc)}`, rest(doc.summary, false)]);
  if (doc.kind === 'Result') return sentences([`${headOf(doc.changes)}: ${outcomeText(doc.changes)}`, rest(doc.summary, true)]);
  const parts = order.filter((action) => doc.summary[action] > 0).map((action) => `${doc.summary[action]} to ${action}`);
  return sentences([`Plan: ${parts.join(', ')}`, rest(doc.summary, true)]);
}

function matches(doc: Plan | Result): string {
  const file = mainFile(doc);
  if (file === '') return '';
  const count = doc.summary.unchanged;
  if (count === 0 && doc.summary.held + doc.summary.unmanaged > 0) return '';
  return `. ${count} ${count === 1 ? 'module matches' : 'modules match'} ${file}`;
}

/** Nothing was applied where nothing came about. */
function headOf(changes: readonly ChangeResult[]): string {
  return changes.some(({ status }) => status === 'ok') ? 'Applied' : 'Not applied';
}

function outcomeText(changes: readonly ChangeResult[]): string {
  const ok = order.map(
    (action) => [changes.filter((change) => change.action === action && change.status === 'ok').length, done[action]] as const,
  );
  const others = statuses.map(([status, word]) => [changes.filter((change) => change.status === status).length, word] as const);
  return [...ok, ...others]
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}

function rest(summary: Summary, withUnchanged: boolean): string {
  return [withUnchanged ? 'unchanged' : null, 'held', 'unmanaged']
    .map((key) => (key === null ? '' : countOf(summary, key as 'unchanged' | 'held' | 'unmanaged')))
    .filter((text) => text !== '')
    .join(', ');
}

function countOf(summary: Summary, key: 'unchanged' | 'held' | 'unmanaged'): string {
  return summary[key] === 0 ? '' : `${summary[key]} ${key}`;
}

function sentences(parts: readonly string[]): string {
  return parts
    .filter((part) => part !== '')
    .map((part) => `${part}.`)
    .join(' ');
}
