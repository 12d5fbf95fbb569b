import { cgroupText } from '../../render/cgroup.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const cgroup: Definition = {
  name: 'cgroup',
  operands: '<NAME> [KEY[=VALUE]]',
  summary: 'show the cgroup of a module, read or write one of its interface files',
  details:
    'Its path, its settings (as they can stand under `cgroup:` in the config) and its statistics; with KEY the content of that ' +
    'interface file. KEY=VALUE writes to it and prints what it says then; that lasts until the module is started anew.',
  examples: ['muster cgroup web', 'muster cgroup web cpu.stat', 'muster cgroup web memory.max=256M'],
  async run(call) {
    const [name = '', word] = call.args;
    const document = await ask(call, 'cgroup', { name, ...wordOf(word) });
    if (call.globals.json === true) printJson(call, document);
    else if ('statistics' in document) print(call, cgroupText(document));
    else if (document.value !== null) print(call, document.value);
    return 0;
  },
};

function wordOf(word: string | undefined): { key?: string; value?: string } {
  if (word === undefined) return {};
  const at = word.indexOf('=');
  return at === -1 ? { key: word } : { key: word.slice(0, at), value: word.slice(at + 1) };
}
