import { exitCode } from '../../model/exit-code.ts';
import { driftText } from '../../render/drift.ts';
import type { Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const drift: Definition = {
  name: 'drift',
  summary: 'show where what runs differs from what was last applied',
  details: 'Edits of the config that wait to be applied are no drift. Exits 0 if there is none, 2 if there is some.',
  examples: ['muster drift'],
  async run(call) {
    const found = await ask(call, 'drift', {});
    const plan = { ...found, exitCode: found.changes.length === 0 ? exitCode.ok : exitCode.differences };
    if (call.globals.json === true) printJson(call, plan);
    else print(call, driftText(plan, call.style));
    return plan.exitCode;
  },
};
