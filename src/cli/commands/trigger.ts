import type { Definition } from '../command.ts';
import { duration } from '../options.ts';
import { printJson, printJsonLine } from '../output.ts';
import { ask } from '../remote.ts';

interface Options {
  timeout?: number;
}

export const trigger: Definition<Options> = {
  name: 'trigger',
  operands: '<NAME> <ACTION> [PARAM]',
  summary: 'call an action that a package has registered, and print its reply',
  details:
    'muster info NAME shows its actions. PARAM is given to it as text. The reply is printed as JSON; of an action that answers in parts each on a line.\n' +
    'Of several calls of one action each gets its own reply: they are made one after the other.',
  options: [{ flags: '--timeout <DURATION>', doc: 'give up when nothing comes for so long (default: 10s)', parse: duration }],
  examples: ['muster trigger monit uptime', 'muster trigger --timeout 1m worker flush all'],
  async run(call) {
    const [name = '', action = '', param] = call.args;
    const { timeout } = call.options;
    const payload = { name, action, ...(param === undefined ? {} : { param }), ...(timeout === undefined ? {} : { timeout }) };
    let parts = 0;
    const reply = await ask(call, 'trigger', payload, (part) => {
      parts += 1;
      printJsonLine(call, (part as { part?: unknown } | null)?.part ?? null);
    });
    if (parts === 0) printJson(call, reply ?? null);
    else if (reply !== null && reply !== undefined) printJsonLine(call, reply);
    return 0;
  },
};
