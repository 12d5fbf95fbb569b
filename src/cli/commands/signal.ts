import type { Definition } from '../command.ts';
import { printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const signal: Definition = {
  name: 'signal',
  operands: '<NAME> <SIGNAL>',
  summary: 'send a signal to the process of a module',
  details:
    'By name, with SIG or without, or by number: HUP, SIGUSR1, SIGRTMIN+3, 15. It goes to the program itself, not to what it has started.',
  examples: ['muster signal web HUP', 'muster signal web SIGRTMIN+3'],
  async run(call) {
    const [name = '', signal = ''] = call.args;
    const document = await ask(call, 'signal', { name, signal });
    if (call.globals.json === true) printJson(call, document);
    return 0;
  },
};
