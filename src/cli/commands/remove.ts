import { resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { Definition } from '../command.ts';
import { dryRun, lockTimeout, override, type RunOptions } from '../options.ts';
import { formatOption, printQuietRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

interface Options extends RunOptions {
  force?: boolean;
  cancel?: boolean;
  hold?: boolean;
  recursive?: boolean;
}

export const remove: Definition<Options> = {
  name: 'remove',
  operands: '<NAME...>',
  summary: 'stop modules and forget them',
  details:
    'NAME is a name, a glob or the path of a module. One that the config declares comes back with the next reconcile; --hold keeps it away.',
  options: [
    { flags: '-f, --force', doc: 'no error if it is not loaded' },
    { flags: '--cancel', doc: 'end it by force at once' },
    { flags: '--hold', doc: 'keep it away until `release`; needs --reason' },
    { flags: '--reason <TEXT>', doc: 'why' },
    { flags: '--recursive', doc: 'also what requires it; otherwise that is refused' },
    dryRun,
    override,
    lockTimeout,
    formatOption,
  ],
  examples: ['muster remove greeter', 'muster remove --hold --reason INC-77 gc'],
  async run(call) {
    const { force, cancel, hold, recursive, reason } = call.options;
    if (hold === true && !reason) throw new MusterError('EINVAL', '--hold needs --reason', { hint: 'e.g. --reason INC-77' });
    const names = call.args.map((name) => (name.includes('/') ? resolve(call.io.cwd, name) : name));
    const flags = Object.fromEntries(Object.entries({ force, cancel, hold, recursive }).filter(([, value]) => value === true));
    return printQuietRun(call, await askRun(call, 'remove', { ...runParams(call.options), ...flags, names }));
  },
};
