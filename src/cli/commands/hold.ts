import { MusterError } from '../../model/error.ts';
import type { Definition } from '../command.ts';
import { duration } from '../options.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const hold: Definition<{ all?: boolean; reason?: string; for?: number }> = {
  name: 'hold',
  operands: '[NAME...]',
  summary: 'keep modules as they are, whatever the config says',
  details: 'A reconcile passes over them; restarts by policy go on. `release` or the end of --for brings them up to date.',
  options: [
    { flags: '--all', doc: 'hold everything' },
    { flags: '--reason <TEXT>', doc: 'why; needed' },
    { flags: '--for <DURATION>', doc: 'until then, else until released', parse: duration },
  ],
  examples: ['muster hold gc --reason INC-77 --for 4h', 'muster hold --all --reason freeze'],
  async run(call) {
    const { all, reason } = call.options;
    const names = namesOrAll(call.args, all);
    if (reason === undefined || reason.trim() === '')
      throw new MusterError('EINVAL', 'a hold needs --reason', { hint: 'e.g. --reason INC-77' });
    if (call.options.for === 0) throw new MusterError('EINVAL', 'a hold --for 0s would be over at once', { hint: 'e.g. --for 4h' });
    const document = await ask(call, 'hold', { ...names, reason, ...(call.options.for === undefined ? {} : { for: call.options.for }) });
    if (call.globals.json === true) printJson(call, document);
    else print(call, `held: ${document.held.join(', ')}`);
    return 0;
  },
};

/** Either names or everything. */
export function namesOrAll(names: readonly string[], all: boolean | undefined): { names: string[] } | { all: true } {
  if (all === true && names.length > 0) throw new MusterError('EINVAL', 'give names or --all, not both');
  if (all === true) return { all };
  if (names.length === 0) throw new MusterError('EINVAL', 'give NAME... or --all');
  return { names: [...names] };
}
