import type { EventDoc } from '../../model/documents.ts';
import { eventText } from '../../render/events.ts';
import type { Definition } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { printJsonLine } from '../output.ts';
import { ask } from '../remote.ts';

export const events: Definition<{ follow?: boolean; lines?: number }> = {
  name: 'events',
  summary: 'show what happened: state changes, plans, results',
  options: [
    { flags: '-f, --follow', doc: 'go on as more happens' },
    { flags: '-n, --lines <N>', doc: 'only the last N', parse: wholeNumber },
  ],
  examples: ['muster events -f', 'muster events --json | jq .type'],
  async run(call) {
    const { follow, lines } = call.options;
    const show = (part: unknown): void => {
      for (const event of Array.isArray(part) ? (part as EventDoc[]) : []) {
        if (call.globals.json === true) printJsonLine(call, event);
        else call.io.out(`${eventText(event, call.style)}\n`);
      }
    };
    const payload = { ...(follow === undefined ? {} : { follow }), ...(lines === undefined ? {} : { lines }) };
    // Another daemon knows what happened before; of that nothing is shown twice.
    let last = '';
    const news = (part: unknown): void => {
      const fresh = (part as EventDoc[]).filter(({ at }) => at > last);
      last = fresh.at(-1)?.at ?? last;
      show(fresh);
    };
    show(await ask(call, 'events', payload, news));
    return 0;
  },
};
