import type { Definition } from '../command.ts';
import { reason } from '../options.ts';
import { formatOption, printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';
import { namesOrAll } from './hold.ts';

export const release: Definition<{ all?: boolean; reason?: string }> = {
  name: 'release',
  operands: '[NAME...]',
  summary: 'end holds and bring the modules up to date',
  options: [{ flags: '--all', doc: 'release everything' }, reason, formatOption],
  examples: ['muster release gc', 'muster release --all'],
  async run(call) {
    return printRun(call, await askRun(call, 'release', { ...runParams(call.options), ...namesOrAll(call.args, call.options.all) }));
  },
};
