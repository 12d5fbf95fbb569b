import { resolve } from 'node:path';
import type { Definition } from '../command.ts';
import { type Format, formatOption, printRun } from '../output.ts';

export const diff: Definition<{ output?: Format }> = {
  name: 'diff',
  operands: '<A> <B>',
  summary: 'show what changes from config A to config B; no daemon needed',
  details: 'Exits 0 if they mean the same, 2 if not, 1 if one cannot be read.',
  options: [formatOption],
  examples: ['muster diff muster.yaml next.yaml', 'muster diff muster.yaml next.yaml -o markdown'],
  async run(call) {
    const { planFiles } = await import('../../offline/main.ts');
    const [a = '', b = ''] = call.args.map((file) => resolve(call.io.cwd, file));
    // Guards are about what runs; nothing runs here.
    const plan = await planFiles({ base: [a], files: [b] }, { allowEmpty: true, maxRemovals: '100%', override: true }, call.io);
    return printRun(call, plan, true);
  },
};
