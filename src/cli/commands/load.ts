import { resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { Params } from '../../model/methods.ts';
import { withAbsolutePath } from '../../model/package-spec.ts';
import type { Call, Definition } from '../command.ts';
import { assignments, dryRun, jsonObject, override, type RunOptions, reason } from '../options.ts';
import { formatOption, printQuietRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

type Isolation = 'thread' | 'shared' | 'process';

interface Options extends RunOptions {
  name?: string;
  isolation?: Isolation;
  exec?: boolean;
  service?: string;
  config?: Record<string, unknown>;
  env?: Record<string, string>;
  command?: boolean;
  package?: string;
}

export const load: Definition<Options> = {
  name: 'load',
  operands: '<NAME> [ARGS...]',
  summary: 'load a module by hand and wait until it runs',
  details:
    'NAME is a path (with a slash), builtin:NAME, the name of a declared module, or a bare name on the module path.\n' +
    'One that has ended or failed is started again, a oneshot that has finished is run again.\n' +
    'With --command NAME is the name of the instance and ARGS the program with its arguments; with --package ARGS are those of the package.\n' +
    'Options end at NAME: what follows goes to the module untouched. Exits 4 if the module fails to start.',
  options: [
    { flags: '--name <NAME>', doc: 'name of the instance' },
    { flags: '--isolation <MODE>', doc: 'where its code runs', choices: ['thread', 'shared', 'process'] },
    { flags: '--exec', doc: 'in a process of its own: --isolation process' },
    { flags: '--service <SERVICE>', doc: 'the service that loads it (default: all words of its name but the last), or none' },
    { flags: '--config <JSON>', doc: 'its config', parse: jsonObject },
    { flags: '--env <KEY=VALUE>', doc: 'environment (repeatable)', parse: assignments },
    { flags: '--command', doc: 'run a program: NAME is the instance, ARGS the argv' },
    { flags: '--package <SPEC>', doc: 'run an npm package: NAME is the instance' },
    dryRun,
    override,
    reason,
    formatOption,
  ],
  examples: ['muster load ./modules/greeter.ts --loud', 'muster load --command ticker node ticker.mjs'],
  passThrough: true,
  async run(call) {
    return printQuietRun(call, await askRun(call, 'load', payloadOf(call)));
  },
};

function payloadOf({ args: [target = '', ...args], options, io }: Call<Options>): Params<'load'> {
  const { name, exec, service, config, env, command } = options;
  if (exec === true && options.isolation !== undefined && options.isolation !== 'process') {
    throw new MusterError('EINVAL', '--exec means --isolation process');
  }
  if (command === true && options.package !== undefined) throw new MusterError('EINVAL', '--command and --package exclude each other');
  if (command === true && args.length === 0) {
    throw new MusterError('EINVAL', '--command needs a program', { hint: 'muster load --command NAME PROGRAM [ARGS...]' });
  }
  const isolation = exec === true ? 'process' : options.isolation;
  return {
    ...runParams(options),
    target:
      command !== true && options.package === undefined && target.includes('/') && !target.startsWith('builtin:')
        ? resolve(io.cwd, target)
        : target,
    args,
    cwd: io.cwd,
    ...(name === undefined ? {} : { name }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(service === undefined ? {} : { service }),
    ...(config === undefined ? {} : { config }),
    ...(env === undefined ? {} : { env }),
    ...(command === undefined ? {} : { command }),
    ...(options.package === undefined ? {} : { package: withAbsolutePath(options.package, (path) => resolve(io.cwd, path)) }),
  };
}
