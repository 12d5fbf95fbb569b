import { exitCode } from '../../model/exit-code.ts';
import { outdatedText } from '../../render/outdated.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const outdated: Definition = {
  name: 'outdated',
  summary: 'tell which packages have newer versions in the registry',
  details: 'Wanted is the newest version that the spec takes, Latest the newest there is. Exits 2 where something is outdated.',
  examples: ['muster outdated'],
  async run(call) {
    const document = await ask(call, 'outdated', {});
    if (call.globals.json === true) printJson(call, document);
    else print(call, outdatedText(document, call.style));
    if (document.packages.some(({ problem }) => problem !== undefined)) return exitCode.error;
    return document.packages.some(({ current, wanted, latest }) => current !== wanted || current !== latest)
      ? exitCode.differences
      : exitCode.ok;
  },
};
