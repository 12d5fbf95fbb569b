import { listText } from '../../render/list.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const list: Definition<{ long?: boolean }> = {
  name: 'list',
  operands: '[SERVICE]',
  summary: 'list what is loaded',
  details:
    'All modules, those of a service below it, components below their host; or only those that SERVICE loaded (`muster`: those ' +
    'that no other service did), or the components of the host SERVICE.\n' +
    'Size is in bytes, Digest the end of the SHA-1 of its file, Idle the seconds since it last sent a request or response ' +
    '(a command: since its last output), For how long it has been in its state, Service what else it registered, ' +
    'Why its status or last error.\n' +
    'S is its state: I initializing, R running, F finalizing, E exited (or finished), X failed, B backing off.',
  options: [{ flags: '-l, --long', doc: 'also Kind, PID, Restarts, Queued, Origin and Path; of packages Version, Node and Package' }],
  examples: ['muster list', 'muster list gateway', 'muster list --json | jq -r ".modules[].name"'],
  async run(call) {
    const [service] = call.args;
    const document = await ask(call, 'list', service === undefined ? {} : { service });
    if (call.globals.json === true) printJson(call, document);
    else print(call, listText(document, { long: call.options.long === true, now: Date.now(), indent: call.io.outTerminal }, call.style));
    return 0;
  },
};
