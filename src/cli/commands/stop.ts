import type { Definition } from '../command.ts';
import { override, type RunOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';
import { runParams } from '../run-params.ts';

export const stop: Definition<RunOptions> = {
  name: 'stop',
  operands: '<NAME...>',
  summary: 'stop modules and hold them',
  details: 'They stay listed and stopped, also over a reconcile, until `start`.',
  options: [override, { flags: '--reason <TEXT>', doc: 'why they are held' }],
  examples: ['muster stop web --reason "disk swap"'],
  async run(call) {
    const document = await ask(call, 'stop', { ...runParams(call.options), names: [...call.args] });
    if (call.globals.json === true) printJson(call, document);
    else print(call, `stopped and held: ${document.stopped.join(', ')}`);
    return 0;
  },
};
