import type { Change, Plan } from '../model/plan.ts';
import { columns } from './columns.ts';
import { fieldText } from './plan-rows.ts';
import { plainStyle, type Style } from './style.ts';

/** What differs from what was last applied: the plan that would undo it, told from the other side. */
export function driftText({ changes }: Pick<Plan, 'changes'>, style: Style = plainStyle): string {
  if (changes.length === 0) return 'No drift.\n';
  const lines = columns(changes.map((change) => [`  ${change.name}`, wordOf(change), change.fields.map(fieldText).join(', ')]));
  const count = `${changes.length} ${changes.length === 1 ? 'module differs' : 'modules differ'} from what was last applied`;
  return `${lines.map((line) => style.warning(line)).join('\n')}\n${count}; \`muster reconcile\` undoes it.\n`;
}

function wordOf({ action, reason }: Change): string {
  if (action === 'load') return 'not loaded';
  return action === 'remove' ? 'loaded but not declared' : `would ${action}: ${reason.text}`;
}
