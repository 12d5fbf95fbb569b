import { resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { Params } from '../../model/methods.ts';
import { withAbsolutePath } from '../../model/package-spec.ts';
import type { Call, Definition } from '../command.ts';
import { assignments, dryRun, jsonObject, lockTimeout, override, type RunOptions, reason } from '../options.ts';
import { printRun, printToldRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

interface Options extends RunOptions {
  name?: string;
  config?: Record<string, unknown>;
  env?: Record<string, string>;
  allowScripts?: boolean;
  save?: boolean;
  frozen?: boolean;
}

export const install: Definition<Options> = {
  name: 'install',
  operands: '[SPEC] [ARGS...]',
  summary: 'install an npm package and run it as a module',
  details:
    'SPEC is what npm takes: name, name@range, a folder, an archive (.tgz), a git URL. The module has the name of the package, without its scope.\n' +
    'A folder runs where it is, and is loaded again whenever one of its files is saved. Of a package that is installed already the newest that SPEC\n' +
    'gives takes the place of the one before, which is put back where the new one does not run (exit 4).\n' +
    'With --save the package is written into the config file, and what was installed into muster.lock beside it.\n' +
    'Without SPEC all that the config declares is installed and written into muster.lock; with --frozen nothing but what that has.',
  options: [
    { flags: '--name <NAME>', doc: 'name of the module' },
    { flags: '--save', doc: 'declare it in the config file, and reconcile' },
    { flags: '--frozen', doc: 'install what muster.lock has, and nothing else' },
    { flags: '--allow-scripts', doc: 'run its install scripts; otherwise they are skipped' },
    { flags: '--config <JSON>', doc: 'its config, over its own defaults', parse: jsonObject },
    { flags: '--env <KEY=VALUE>', doc: 'environment (repeatable)', parse: assignments },
    dryRun,
    override,
    lockTimeout,
    reason,
  ],
  examples: ['muster install pm2-server-monit', 'muster install --save @scope/worker@^2', 'muster install .'],
  async run(call) {
    const { args, options } = call;
    if (args.length === 0) {
      const { frozen } = options;
      const payload = { ...runParams(options), ...(frozen === undefined ? {} : { frozen }), cwd: call.io.cwd };
      return printRun(call, await askRun(call, 'install', payload));
    }
    if (call.options.save === true && call.options.frozen === true)
      throw new MusterError('EINVAL', '--save and --frozen exclude each other');
    return printToldRun(call, await askRun(call, 'install', installParams(call)));
  },
};

function installParams({ args: [spec = '', ...args], options, io }: Call<Options>): Params<'install'> {
  const { name, config, env, allowScripts, save, frozen } = options;
  const given = Object.entries({ name, config, env, allowScripts, save, frozen }).filter(([, value]) => value !== undefined);
  return {
    ...runParams(options),
    ...Object.fromEntries(given),
    spec: withAbsolutePath(spec, (path) => resolve(io.cwd, path)),
    ...(args.length === 0 ? {} : { args }),
    cwd: io.cwd,
  };
}

export const uninstall: Definition<RunOptions & { purge?: boolean }> = {
  name: 'uninstall',
  operands: '<NAME...>',
  summary: 'stop packages that were installed by hand, and remove their files',
  details:
    'NAME is a module, or the folder that it runs in, which stays as it is. What the config declares is taken out of that instead.\n' +
    'What was set of it is kept for the next time, unless with --purge.',
  options: [{ flags: '--purge', doc: 'forget also what was set of it, and its PM2_HOME' }, dryRun, override, lockTimeout, reason],
  examples: ['muster uninstall pm2-server-monit', 'muster uninstall .'],
  async run(call) {
    const names = call.args.map((name) => (/^\.{0,2}(?:\/|$)/.test(name) ? resolve(call.io.cwd, name) : name));
    return printToldRun(
      call,
      await askRun(call, 'uninstall', { ...runParams(call.options), names, ...(call.options.purge === true ? { purge: true } : {}) }),
    );
  },
};
