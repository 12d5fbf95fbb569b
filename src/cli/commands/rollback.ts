import type { Definition } from '../command.ts';
import { detailedExitcode, dryRun, limit, lockTimeout, override, type RunOptions, reason, timeout, wait } from '../options.ts';
import { type Format, formatOption, printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';
import { generationNumber } from './history.ts';

interface Options extends RunOptions {
  output?: Format;
  detailedExitcode?: boolean;
  maxRemovals?: number | string;
  allowEmpty?: boolean;
  onFailure?: 'continue' | 'stop' | 'rollback';
}

export const rollback: Definition<Options> = {
  name: 'rollback',
  operands: '[N]',
  summary: 'go back to a generation, the one before or N, with its config, code and packages',
  details:
    'It makes a new generation. What was loaded by hand, or is held, stays as it is.\n' +
    'Until somebody asks for a run (`reload`, SIGHUP, `reconcile`) nothing is applied by itself, also not after a restart of the daemon.',
  options: [
    dryRun,
    override,
    { flags: '--max-removals <N|N%>', doc: 'refuse a plan that removes more', parse: limit },
    { flags: '--allow-empty', doc: 'let nothing be left of what is declared' },
    { flags: '--on-failure <MODE>', doc: 'when a change fails', choices: ['continue', 'stop', 'rollback'] },
    wait,
    timeout,
    lockTimeout,
    reason,
    formatOption,
    detailedExitcode,
  ],
  examples: ['muster rollback --dry-run', 'muster rollback 16 --reason INC-77 --wait'],
  async run(call) {
    const [number] = call.args;
    const { maxRemovals, allowEmpty, onFailure } = call.options;
    const { autoRollback: _, ...params } = runParams(call.options);
    return printRun(
      call,
      await askRun(call, 'rollback', {
        ...params,
        ...(number === undefined ? {} : { to: generationNumber(number) }),
        ...(maxRemovals === undefined ? {} : { maxRemovals }),
        ...(allowEmpty === undefined ? {} : { allowEmpty }),
        ...(onFailure === undefined ? {} : { onFailure }),
      }),
    );
  },
};
