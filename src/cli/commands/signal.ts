import type { Definition } from '../command.ts';
import { type RunOptions, reason } from '../options.ts';
import { printJson } from '../output.ts';
import { ask } from '../remote.ts';
import { runParams } from '../run-params.ts';

export const signal: Definition<Pick<RunOptions, 'reason'>> = {
  name: 'signal',
  operands: '<NAME> <SIGNAL>',
  summary: 'send a signal to the process of a module',
  details:
    'By name, with SIG or without, or by number: HUP, SIGUSR1, SIGRTMIN+3, 15. It goes to the program itself, not to what it has started.',
  options: [reason],
  examples: ['muster signal web HUP', 'muster signal web SIGRTMIN+3'],
  async run(call) {
    const [name = '', signal = ''] = call.args;
    const document = await ask(call, 'signal', { ...runParams(call.options), name, signal });
    if (call.globals.json === true) printJson(call, document);
    return 0;
  },
};
