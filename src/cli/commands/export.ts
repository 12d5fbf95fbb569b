import type { StateDoc } from '../../model/state-doc.ts';
import type { Definition } from '../command.ts';
import { printJson } from '../output.ts';
import { ask } from '../remote.ts';
import { writeDocument } from '../write-document.ts';

export const exportCommand: Definition<{ out?: string }> = {
  name: 'export',
  summary: 'print what a plan without a daemon needs to know of this one, as JSON',
  details:
    'The loaded modules, holds, settings, the policy and names in force, and digests of code. Nothing secret is in it, nor a fingerprint of that.\n' +
    '`reconcile --dry-run --from FILE --against STATE.json` plans against it on any machine.',
  options: [{ flags: '--out <FILE>', doc: 'write it to FILE (0600) instead' }],
  examples: ['muster export > state.json', 'muster export --out state.json'],
  async run(call) {
    const { out } = call.options;
    // Another daemon that takes over in the middle begins anew.
    let modules: StateDoc['modules'] = [];
    const again = (): { parts: true } => {
      modules = [];
      return { parts: true };
    };
    const rest = await ask(call, 'export', again(), (part) => modules.push(...(part as StateDoc['modules'])), again);
    const state: StateDoc = { ...rest, modules };
    if (out === undefined) printJson(call, state);
    else await writeDocument(call, out, state, 'the state');
    return 0;
  },
};
