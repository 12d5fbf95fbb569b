import { listText } from '../../render/list.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const list: Definition<{ long?: boolean }> = {
  name: 'list',
  operands: '[SERVICE]',
  summary: 'list what is loaded',
  details:
    'All modules, or those that SERVICE loaded. S: I initializing, R running, F finalizing, E exited, X failed, B backing off.\n' +
    'Size in bytes, Digest of the entry file, Idle in seconds since its last output or message.',
  options: [{ flags: '-l, --long', doc: 'also Kind, PID, Restarts, Queued, Origin and Path' }],
  examples: ['muster list', 'muster list --json | jq -r ".modules[].name"'],
  async run(call) {
    const [service] = call.args;
    const document = await ask(call, 'list', service === undefined ? {} : { service });
    if (call.globals.json === true) printJson(call, document);
    else print(call, listText(document, { long: call.options.long === true, now: Date.now() }, call.style));
    return 0;
  },
};
