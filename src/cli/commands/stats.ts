import { type RusageOf, rusageOf } from '../../model/documents.ts';
import { MusterError } from '../../model/error.ts';
import type { Params } from '../../model/methods.ts';
import { statText } from '../../render/stat-value.ts';
import type { Call, Definition } from '../command.ts';
import { number } from '../options.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

interface Options {
  parse?: string;
  type?: 'int' | 'double';
  scale?: number;
  rusage?: string | true;
  clear?: boolean;
  clearAll?: boolean;
}

export const stats: Definition<Options> = {
  name: 'stats',
  operands: '[NAME]',
  summary: 'show the counters of a module',
  details:
    'Messages sent (tx) and received (rx) by type, beside what the module adds; of a command the bytes of its output. ' +
    'A module that hangs is no hindrance. NAME may be that of a service. Without NAME of all modules, below `modules`.\n' +
    '-R tells seconds of processor time (utime, stime) and the highest resident set in KiB (maxrss); without NAME of the daemon.',
  options: [
    { flags: '-p, --parse <A.B.C>', doc: 'print only the value at this path' },
    { flags: '-t, --type <TYPE>', doc: 'print a number as int (cut off) or double (six digits)', choices: ['int', 'double'] },
    { flags: '-s, --scale <N>', doc: 'multiply a number by N', parse: number },
    { flags: '-R, --rusage [WHO]', doc: 'use of resources instead: self (default: the process), children or thread' },
    { flags: '-c, --clear', doc: 'count from zero again; prints nothing' },
    { flags: '-C, --clear-all', doc: 'the same on every node' },
  ],
  examples: ['muster stats greeter', 'muster stats greeter -p rx.request', 'muster stats greeter -R thread -p utime -t int -s 1000'],
  async run(call) {
    const { parse, type, scale, clear, clearAll } = call.options;
    const clears = clear === true || clearAll === true;
    if (clears && [parse, type, scale].some((option) => option !== undefined)) {
      throw new MusterError('EINVAL', '--clear prints nothing, so it goes without --parse, --type and --scale');
    }
    const document = await ask(call, 'stats', payloadOf(call)).catch((error: unknown) => {
      throw isGuess(call) && (error as { code?: unknown }).code === 'ENOENT' ? badRusage(call) : error;
    });
    if (call.globals.json === true && parse === undefined) printJson(call, document);
    else if (!clears) print(call, statText(document, { path: parse, type, scale }));
    return 0;
  },
};

function payloadOf(call: Call<Options>): Params<'stats'> {
  const { rusage, clear, clearAll } = call.options;
  const name = isGuess(call) ? String(rusage) : call.args[0];
  if (typeof rusage === 'string' && !isWho(rusage) && !isGuess(call)) throw badRusage(call);
  return {
    ...(name === undefined ? {} : { name }),
    ...(clear === true ? { clear } : {}),
    ...(clearAll === true ? { clearAll } : {}),
    ...(rusage === undefined ? {} : { rusage: isWho(rusage) ? rusage : 'self' }),
  };
}

/** In `stats -R greeter` the word is the NAME. */
function isGuess({ args, options: { rusage } }: Call<Options>): boolean {
  return args.length === 0 && typeof rusage === 'string' && !isWho(rusage);
}

function isWho(word: string | true): word is RusageOf {
  return (rusageOf as readonly (string | true)[]).includes(word);
}

function badRusage({ args, options: { rusage } }: Call<Options>): MusterError {
  const nor = args.length === 0 ? ', and no module of that name is loaded' : '';
  return new MusterError('EINVAL', `--rusage is of self, children or thread, not of "${rusage}"${nor}`);
}
