import { resolve } from 'node:path';
import { infoText } from '../../render/info.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const info: Definition = {
  name: 'info',
  operands: '<NAME|PATH>',
  summary: 'tell all there is to know of one module',
  details:
    'NAME may be that of a service. Of a module that is not loaded what the config says, or the file: by PATH (with a slash), builtin:NAME, or ' +
    'a bare NAME on the module path. No code of it is run.\n' +
    'Names along which a reload goes are marked in Requires and Required by.',
  examples: ['muster info greeter', 'muster info ./modules/greeter.ts'],
  async run(call) {
    const [target = ''] = call.args;
    const document = await ask(call, 'info', { target: target.includes('/') ? resolve(call.io.cwd, target) : target });
    if (call.globals.json === true) printJson(call, document);
    else {
      const { showField } = await import('../../offline/main.ts');
      print(call, infoText(document, Date.now(), call.style, showField));
    }
    return 0;
  },
};
