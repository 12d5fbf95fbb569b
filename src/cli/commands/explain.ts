import { explainText } from '../../render/explain.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const explain: Definition = {
  name: 'explain',
  operands: '<NAME>',
  summary: 'tell where a module comes from, and why it is as it is',
  details:
    'The line that declares it, of a config from git also the commit that last changed that line; each value that somebody says and who ' +
    'says it; why it is held, skipped or waiting; and which generation loaded it.',
  examples: ['muster explain web', 'muster explain web --json'],
  async run(call) {
    const [name = ''] = call.args;
    const document = await ask(call, 'explain', { name });
    if (call.globals.json === true) printJson(call, document);
    else {
      const { showField } = await import('../../offline/main.ts');
      print(call, explainText(document, Date.now(), call.style, showField));
    }
    return 0;
  },
};
