import { MusterError } from '../../model/error.ts';
import type { Definition } from '../command.ts';
import { autoRollback, detailedExitcode, lockTimeout, override, type RunOptions, reason, timeout, wait } from '../options.ts';
import { type Format, formatOption, maxBytesOption, printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

export const reload: Definition<RunOptions & { force?: boolean; output?: Format; detailedExitcode?: boolean }> = {
  name: 'reload',
  operands: '[NAME] [ARGS...]',
  summary: 'read the config again and apply the difference; or load one module again',
  details:
    'Without NAME as SIGHUP to the daemon, but it waits and reports. With NAME that module is loaded again, changed or not,\n' +
    'from its entry as the config has it now; one with a `reloadSignal` of which nothing but `files` changed gets that signal instead.\n' +
    'Options end at NAME: what follows goes to the module untouched.',
  options: [
    { flags: '-f, --force', doc: 'also when NAME is not loaded, cannot save its state, or would be sent a signal' },
    override,
    wait,
    timeout,
    autoRollback,
    lockTimeout,
    reason,
    formatOption,
    maxBytesOption,
    detailedExitcode,
  ],
  examples: ['muster reload', 'muster reload greeter'],
  passThrough: true,
  async run(call) {
    const [name, ...args] = call.args;
    const { force } = call.options;
    if (name === undefined) {
      if (force === true) throw new MusterError('EINVAL', '--force needs the NAME of a module');
      return printRun(call, await askRun(call, 'reload', runParams(call.options)));
    }
    const payload = { ...runParams(call.options), name, ...(args.length === 0 ? {} : { args }), ...(force === true ? { force } : {}) };
    return printRun(call, await askRun(call, 'reload', payload));
  },
};
