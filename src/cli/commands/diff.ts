import { resolve } from 'node:path';
import type { Plan } from '../../model/plan.ts';
import type { Call, Definition } from '../command.ts';
import { type Format, formatOption, maxBytesOption, printRun } from '../output.ts';
import { ask } from '../remote.ts';
import { generationNumber } from './history.ts';

export const diff: Definition<{ output?: Format }> = {
  name: 'diff',
  operands: '<A> <B>',
  summary: 'show what changes from config A to config B; no daemon needed',
  details:
    'Exits 0 if they mean the same, 2 if not, 1 if one cannot be read. A may be what a daemon has exported (`muster export`). In place of a file `gen:N` is a generation of the daemon, which then reads the\n' +
    'other file too.',
  options: [formatOption, maxBytesOption],
  examples: [
    'muster diff muster.yaml next.yaml',
    'muster diff muster.yaml next.yaml -o markdown',
    'muster diff gen:16 gen:17',
    'muster diff gen:16 muster.yaml',
  ],
  async run(call) {
    if (call.args.some((arg) => arg.startsWith(generationPrefix))) return printRun(call, await ofDaemon(call), true);
    const { planFiles } = await import('../../offline/main.ts');
    const [a = '', b = ''] = call.args.map((file) => resolve(call.io.cwd, file));
    // Guards are about what runs; nothing runs here.
    const plan = await planFiles({ base: [a], files: [b] }, { allowEmpty: true, maxRemovals: '100%', override: true }, call.io);
    return printRun(call, plan, true);
  },
};

const generationPrefix = 'gen:';

/** Only the daemon knows its generations. */
function ofDaemon(call: Call): Promise<Plan> {
  const side = (arg = '') =>
    arg.startsWith(generationPrefix)
      ? { generation: generationNumber(arg.slice(generationPrefix.length)) }
      : { files: [resolve(call.io.cwd, arg)] };
  const [a, b] = call.args;
  return ask(call, 'diff', { from: side(a), to: side(b) });
}
