import { columns } from './columns.ts';
import { plainStyle, type Style } from './style.ts';

/** What one does after `up`: three lines to paste. `command` is what starts muster for this daemon. */
export function nextStepsText({ name, command }: { name: string; command: string }, style: Style = plainStyle): string {
  const steps = [
    [`  ${command} list`, 'what runs'],
    [`  ${command} reconcile --dry-run`, 'what an edit of the config would do'],
    [`  ${command} reload`, 'do it'],
  ];
  return `\nDaemon "${name}" runs. Next, in another terminal:\n${columns(steps)
    .map((line) => style.bold(line))
    .join('\n')}\n`;
}
