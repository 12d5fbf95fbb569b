import { MusterError } from '../../model/error.ts';
import type { Call, Definition } from '../command.ts';
import { dryRun, lockTimeout, override, type RunOptions, reason } from '../options.ts';
import { print, printJson, printToldRun } from '../output.ts';
import { ask, askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

const mostBytes = 1024 * 1024; // a value, not a file

export const set: Definition<RunOptions> = {
  name: 'set',
  operands: '<NAME:KEY> <VALUE>',
  summary: 'set a key in the config of a module, over what the config file says',
  details:
    'Of modules with code and of packages. KEY may name a key within others: db.host. VALUE is JSON where it is that (5, true, {"a": 1}), else text; ' +
    '- reads it from stdin. The module takes it live if it can, else it is started again, once; a value that it has already changes nothing.\n' +
    'It is kept until it is unset, also over restarts and other versions. What stands under a key that looks secret (pass, secret, token, key) is ' +
    'kept sealed and shown nowhere; {"secret": "file:PATH"} names where it is.\n' +
    'A key that the config declares is changed there. With --override it is set all the same, until the next reconcile.',
  options: [dryRun, override, lockTimeout, reason],
  examples: ['muster set monit:refresh 10', 'muster set web:db.host example.com', 'pass show db | muster set web:db.password -'],
  async run(call) {
    const [target, text = ''] = call.args;
    const { name, key } = keyed(target);
    const value = settingValue(text === '-' ? (await read(call)).replace(/\r?\n$/, '') : text);
    return printToldRun(call, await askRun(call, 'set', { ...runParams(call.options), name, key, value }));
  },
};

export const unset: Definition<RunOptions> = {
  name: 'unset',
  operands: '<NAME:KEY>',
  summary: 'take back what was set',
  details: 'What the config file, or else the package, says of the key holds again at once.',
  options: [dryRun, override, lockTimeout, reason],
  examples: ['muster unset monit:refresh', 'muster unset web:db.host'],
  async run(call) {
    return printToldRun(call, await askRun(call, 'unset', { ...runParams(call.options), ...keyed(call.args[0]) }));
  },
};

export const get: Definition = {
  name: 'get',
  operands: '<NAME[:KEY]>',
  summary: 'print the config that a module has, or one key of it',
  details:
    'Defaults of the package, the config file and what was set, in one. Text is printed as it is, all else as JSON; secrets are not told. --json tells who says it.',
  examples: ['muster get monit', 'muster get web:db.host'],
  async run(call) {
    const [target = ''] = call.args;
    const document = await ask(call, 'get', target.includes(':') ? keyed(target) : { name: target });
    if (call.globals.json === true) printJson(call, document);
    else if (typeof document.value === 'string') call.io.out(`${document.value}\n`);
    else if (document.key === null) printJson(call, document.value);
    else print(call, JSON.stringify(document.value));
    return 0;
  },
};

function keyed(target = ''): { name: string; key: string } {
  const at = target.indexOf(':');
  if (at > 0 && at < target.length - 1) return { name: target.slice(0, at), key: target.slice(at + 1) };
  throw new MusterError('EINVAL', `"${target}" is not of the form NAME:KEY`, { hint: 'as web:db.host' });
}

async function read(call: Call): Promise<string> {
  const text = await call.io.read(mostBytes);
  if (Buffer.byteLength(text) <= mostBytes) return text;
  throw new MusterError('E2BIG', 'the value is longer than 1 MiB', { hint: 'set the path of a file that has it' });
}

/** JSON where it is that, else the text itself, as also of a number with more digits than a number can have. */
function settingValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? text.trim() : value;
  } catch {
    return text;
  }
}
