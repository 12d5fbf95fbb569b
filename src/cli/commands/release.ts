import type { Definition } from '../command.ts';
import { printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { namesOrAll } from './hold.ts';

export const release: Definition<{ all?: boolean }> = {
  name: 'release',
  operands: '[NAME...]',
  summary: 'end holds and bring the modules up to date',
  options: [{ flags: '--all', doc: 'release everything' }],
  examples: ['muster release gc', 'muster release --all'],
  async run(call) {
    return printRun(call, await askRun(call, 'release', namesOrAll(call.args, call.options.all)));
  },
};
