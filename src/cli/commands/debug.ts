import { MusterError } from '../../model/error.ts';
import type { Params } from '../../model/methods.ts';
import type { Call, Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

interface Options {
  clear?: boolean;
  set?: string;
  setbit?: string;
  clearbit?: string;
}

export const debug: Definition<Options> = {
  name: 'debug',
  operands: '<NAME>',
  summary: 'show or change the debug flags of a module',
  details:
    '32 bits that a module reads as `ctx.debugFlags`; what they mean is its own affair. Prints them as they are then. ' +
    'NAME may be that of a service.\n' +
    'A MASK is decimal, hexadecimal (0x1f) or octal (017).',
  options: [
    { flags: '-C, --clear', doc: 'set all to zero' },
    { flags: '-S, --set <MASK>', doc: 'set them to MASK' },
    { flags: '-s, --setbit <MASK>', doc: 'set these bits, leave the others' },
    { flags: '-c, --clearbit <MASK>', doc: 'clear these bits, leave the others' },
  ],
  examples: ['muster debug greeter', 'muster debug --setbit 0x10 greeter'],
  async run(call) {
    const [name = ''] = call.args;
    const document = await ask(call, 'debug', { name, ...change(call.options) });
    if (call.globals.json === true) printJson(call, document);
    else print(call, `0x${document.flags.toString(16)}`);
    return 0;
  },
};

function change(options: Call<Options>['options']): Pick<Params<'debug'>, 'op' | 'flags'> {
  const given = (['clear', 'set', 'setbit', 'clearbit'] as const).filter((op) => options[op] !== undefined);
  const [op] = given;
  if (op === undefined) return {};
  if (given.length > 1) throw new MusterError('EINVAL', `--${given.join(' and --')} exclude each other`);
  const text = options[op];
  return typeof text === 'string' ? { op, flags: mask(text) } : { op };
}

const highest = 0xffff_ffff;

/** As C writes numbers. */
function mask(text: string): number {
  const [, hex, octal, decimal] = /^(?:0[xX]([\da-fA-F]+)|(0[0-7]*)|([1-9]\d*))$/.exec(text) ?? [];
  const flags = hex !== undefined ? Number.parseInt(hex, 16) : octal !== undefined ? Number.parseInt(octal, 8) : Number(decimal);
  if (flags <= highest) return flags;
  throw new MusterError('EINVAL', `"${text}" is no mask of 32 bits`, {
    hint: 'decimal, hexadecimal as 0x1f or octal as 017; at most 0xffffffff',
  });
}
