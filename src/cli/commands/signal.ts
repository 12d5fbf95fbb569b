import type { Definition } from '../command.ts';
import { printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const signal: Definition = {
  name: 'signal',
  operands: '<NAME> <SIGNAL>',
  summary: 'send a signal to the process of a module',
  examples: ['muster signal web SIGUSR1'],
  async run(call) {
    const [name = '', sig = ''] = call.args;
    const full = /^(?:SIG|\d)/i.test(sig) ? sig.toUpperCase() : `SIG${sig.toUpperCase()}`;
    const document = await ask(call, 'signal', { name, signal: full });
    if (call.globals.json === true) printJson(call, document);
    return 0;
  },
};
