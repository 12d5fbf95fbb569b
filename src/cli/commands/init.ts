import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { Call, Definition } from '../command.ts';
import { collect } from '../options.ts';
import { print } from '../output.ts';
import { starterConfig, starterModule } from '../starter.ts';
import { unitText } from '../systemd-unit.ts';
import { which } from '../which.ts';

interface Options {
  config?: string[];
}

export const init: Definition<Options> = {
  name: 'init',
  operands: '[systemd]',
  summary: 'write a commented starter config and a module; or print a systemd unit',
  details: '`init` writes ./muster.yaml and ./modules/greeter.ts and never overwrites. `init systemd` prints a unit for this daemon.',
  options: [{ flags: '-c, --config <FILE>', doc: 'config file that the unit names (repeatable)', parse: collect }],
  examples: ['muster init && muster up', 'muster init systemd -c /etc/muster/muster.yaml > /etc/systemd/system/muster.service'],
  async run(call) {
    const [what] = call.args;
    if (what === undefined) return writeStarter(call);
    if (what !== 'systemd') throw new MusterError('EINVAL', `no "init ${what}"`, { hint: 'there is `init` and `init systemd`' });
    printUnit(call);
    return 0;
  },
};

/** Looks first, so that nothing is written where one of them is there already. */
function writeStarter(call: Call<Options>): number {
  const files = [
    [resolve(call.io.cwd, 'modules/greeter.ts'), starterModule],
    [resolve(call.io.cwd, 'muster.yaml'), starterConfig],
  ] as const;
  for (const [file] of files) {
    if (!existsSync(file)) continue;
    throw new MusterError('EEXIST', `${relative(call.io.cwd, file)} is there already`, {
      hint: 'init overwrites nothing; move it away first',
    });
  }
  for (const [file, text] of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
    print(call, `wrote ${relative(call.io.cwd, file)}`);
  }
  return 0;
}

function printUnit(call: Call<Options>): void {
  const { name, stateDir } = which(call.globals, call.io);
  const files = (call.options.config ?? []).map((file) => resolve(call.io.cwd, file));
  const script = process.argv[1] ?? '';
  call.io.out(unitText({ name, stateDir, files, program: [process.execPath, resolve(script)] }));
}
