import { MusterError } from '../../model/error.ts';
import type { GenerationDoc, HistoryDoc } from '../../model/generation.ts';
import { generationText, historyText } from '../../render/history.ts';
import type { Call, Definition } from '../command.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const history: Definition = {
  name: 'history',
  operands: '[show] [N]',
  summary: 'list what was in force, newest first, or show one generation whole',
  details: 'The last 20 generations are kept, and the last one that was healthy. The one in force has a star.',
  examples: ['muster history', 'muster history show 16'],
  async run(call) {
    const now = Date.now();
    const number = asked(call);
    const document = await ask(call, 'history', number === null ? {} : { generation: number });
    if (call.globals.json === true) printJson(call, document);
    else if (number === null) print(call, historyText(document as HistoryDoc, { now }, call.style));
    else print(call, generationText(document as GenerationDoc, { now }, call.style));
    return 0;
  },
};

/** `show N`; null: all. */
function asked({ args: [verb, number] }: Call): number | null {
  if (verb === undefined) return null;
  if (verb !== 'show') throw new MusterError('EINVAL', `"${verb}" is not known`, { hint: 'muster history show N' });
  if (number === undefined) throw new MusterError('EINVAL', 'give the number of a generation', { hint: 'muster history lists them' });
  return generationNumber(number);
}

/** A number as `history` lists it. */
export function generationNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new MusterError('EINVAL', `"${text}" is no number of a generation`, { hint: 'muster history lists them' });
}
