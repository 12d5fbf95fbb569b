import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import { nameProblem } from '../../model/name.ts';
import type { Call, Definition } from '../command.ts';
import { moduleStarter, moduleTest } from '../module-starter.ts';
import { collect } from '../options.ts';
import { print } from '../output.ts';
import { packageStarter } from '../package-starter.ts';
import { githubPipeline } from '../pipelines/github.ts';
import { gitlabPipeline } from '../pipelines/gitlab.ts';
import { starterConfig, starterModule } from '../starter.ts';
import { unitText } from '../systemd-unit.ts';
import { which, whichFlags } from '../which.ts';

interface Options {
  config?: string[];
}

export const init: Definition<Options> = {
  name: 'init',
  operands: '[module|package|systemd|github|gitlab] [WORD]',
  summary: 'write a commented starter config, a module with a test, an npm package, or a pipeline; or print a systemd unit',
  details:
    '`init` writes ./muster.yaml and ./modules/greeter.ts. `init module WORD` writes ./WORD.ts and ./WORD.test.mjs, a test ' +
    'that runs the module in a daemon of its own. `init package WORD` writes the folder ./WORD with an npm package. ' +
    '`init github` and `init gitlab` write a pipeline that reviews and applies the config of the repository. ' +
    'Nothing is overwritten. `init systemd` prints a unit for this daemon.',
  options: [{ flags: '-c, --config <FILE>', doc: 'config file that the unit names (repeatable)', parse: collect }],
  examples: [
    'muster init && muster up',
    'muster init module counter && node --test counter.test.mjs',
    'muster init package counter && muster install ./counter',
    'muster init github',
    'muster init systemd -c /etc/muster/muster.yaml > /etc/systemd/system/muster.service',
  ],
  async run(call) {
    const [what, word] = call.args;
    if (what === 'module') return writeModule(call, word);
    if (what === 'package') return writePackage(call, word);
    if (word !== undefined) throw new MusterError('EINVAL', `init ${what} takes no "${word}"`);
    if (what === undefined) return writeStarter(call);
    const pipeline = pipelines.get(what);
    if (pipeline !== undefined) return writePipeline(call, pipeline);
    if (what !== 'systemd') {
      const hint = 'there is init, init module NAME, init package NAME, init github, init gitlab and init systemd';
      throw new MusterError('EINVAL', `no "init ${what}"`, { hint });
    }
    printUnit(call);
    return 0;
  },
};

function writeStarter(call: Call<Options>): number {
  writeAll(call, [
    ['modules/greeter.ts', starterModule],
    ['muster.yaml', starterConfig],
  ]);
  return 0;
}

function writeModule(call: Call<Options>, name: string | undefined): number {
  if (name === undefined) throw new MusterError('EINVAL', 'init module needs a name', { hint: 'e.g. muster init module counter' });
  const problem = nameProblem(name);
  if (problem !== null) throw new MusterError('EINVAL', `${name}: ${problem}`);
  if (name.includes('.')) {
    const last = name.slice(name.lastIndexOf('.') + 1);
    const hint = `muster init module ${last}, and "${name}: {module: ./${last}.ts}" in the config, or load --name ${name}`;
    throw new MusterError('EINVAL', `"${name}" is loaded by the service ${name.slice(0, -last.length - 1)}, which a test of it lacks`, {
      hint,
    });
  }
  writeAll(call, [
    [`${name}.ts`, moduleStarter(name)],
    [`${name}.test.mjs`, moduleTest(name)],
  ]);
  const command = `${call.io.self}${whichFlags(call.globals, call.io)}`;
  print(
    call,
    `\nNext:\n  node --test ${name}.test.mjs\n  ${command} load ./${name}.ts\n  ${command} request ${name}.hello '{"who": "you"}'`,
  );
  return 0;
}

function writePackage(call: Call<Options>, name: string | undefined): number {
  if (name === undefined) throw new MusterError('EINVAL', 'init package needs a name', { hint: 'e.g. muster init package counter' });
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name) || nameProblem(name) !== null) {
    throw new MusterError('EINVAL', `${name} is no name for a package`, { hint: 'small letters, digits, - and _' });
  }
  writeAll(call, packageStarter(name));
  print(call, `\nNext:\n  ${call.io.self}${whichFlags(call.globals, call.io)} install ./${name}`);
  return 0;
}

const pipelines: ReadonlyMap<string, readonly [file: string, text: string]> = new Map([
  ['github', ['.github/workflows/muster.yaml', githubPipeline]],
  ['gitlab', ['.gitlab-ci.yml', gitlabPipeline]],
]);

function writePipeline(call: Call<Options>, file: readonly [file: string, text: string]): number {
  writeAll(call, [file]);
  print(
    call,
    '\nIt says CONFIG and TARGET at its beginning, which may be others here, and needs a runner of the machine with the tag muster.',
  );
  return 0;
}

/** Looks first, so that nothing is written where one of them is there already. */
function writeAll(call: Call<Options>, files: readonly (readonly [file: string, text: string])[]): void {
  const paths = files.map(([file, text]) => [resolve(call.io.cwd, file), text] as const);
  for (const [path] of paths) {
    if (!existsSync(path)) continue;
    throw new MusterError('EEXIST', `${relative(call.io.cwd, path)} is there already`, {
      hint: 'init overwrites nothing; move it away first',
    });
  }
  for (const [path, text] of paths) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
    print(call, `wrote ${relative(call.io.cwd, path)}`);
  }
}

function printUnit(call: Call<Options>): void {
  const { name, stateDir } = which(call.globals, call.io);
  const files = (call.options.config ?? []).map((file) => resolve(call.io.cwd, file));
  const script = process.argv[1] ?? '';
  call.io.out(unitText({ name, stateDir, files, program: [process.execPath, resolve(script)] }));
}
