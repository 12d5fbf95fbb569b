import type { Plan } from '../model/plan.ts';
import { columns } from './columns.ts';
import { plainStyle, type Style } from './style.ts';

/** What differs from what was last applied; its edits that wait are no part of it. */
export function driftText({ drift }: Pick<Plan, 'drift'>, style: Style = plainStyle): string {
  if (drift.length === 0) return 'No drift.\n';
  const lines = columns(drift.map(({ name, text }) => [`  ${name}`, text]));
  return `${lines.map((line) => style.warning(line)).join('\n')}\n${drift.length} drifted. \`muster reconcile\` brings back what was applied.\n`;
}
