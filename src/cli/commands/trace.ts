import type { TraceRecord } from '../../model/documents.ts';
import { MusterError } from '../../model/error.ts';
import type { Params, Responses } from '../../model/methods.ts';
import { tracePrinter } from '../../render/trace.ts';
import type { Call, Definition } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { printJsonLine } from '../output.ts';
import { overReplacement } from '../remote.ts';
import { messagePaint } from '../style.ts';

interface Options {
  full?: boolean;
  type?: string;
  topic?: string;
  human?: boolean;
  delta?: boolean;
  count?: number;
}

const types = ['request', 'response', 'event', 'control'] as const;

export const trace: Definition<Options> = {
  name: 'trace',
  operands: '[NAME...]',
  summary: 'show messages as they go over the bus',
  details:
    'One line each: time, type, from -> to, topic, [size in bytes], error. Without NAME those of all modules. A NAME is a ' +
    'module, also one that is not loaded yet, or a glob; `client` is who asks over the socket, * whoever subscribed.\n' +
    'Goes on until it is interrupted.',
  options: [
    { flags: '-f, --full', doc: 'also the payload, as JSON' },
    { flags: '-t, --type <LIST>', doc: `only these types, with commas between: ${types.join(', ')}` },
    { flags: '-T, --topic <GLOB>', doc: 'only topics that match' },
    { flags: '-H, --human', doc: 'local time, colours on a terminal' },
    { flags: '-d, --delta', doc: 'with --human: the time since the line before' },
    { flags: '--count <N>', doc: 'end after N messages', parse: wholeNumber },
  ],
  examples: ['muster trace', 'muster trace greeter -f -t request,response', `muster trace -H -d -T 'heartbeat.*'`],
  async run(call) {
    const payload = payloadOf(call);
    const enough = new AbortController();
    const onPart = printer(call, () => enough.abort());
    try {
      await overReplacement(call, (client) => client.request('muster.trace', payload, { onPart, signal: enough.signal }));
      return 0;
    } catch (error) {
      if (enough.signal.aborted) return 0;
      throw error;
    }
  },
};

function payloadOf({ args, options: { full, type, topic, human, delta, count } }: Call<Options>): Params<'trace'> {
  if (delta === true && human !== true) throw new MusterError('EINVAL', '--delta goes with --human');
  if (count === 0) throw new MusterError('EINVAL', '--count is at least 1');
  return {
    ...(args.length === 0 ? {} : { names: [...args] }),
    ...(full === true ? { full } : {}),
    ...(type === undefined ? {} : { types: type.split(',').map(typeOf) }),
    ...(topic === undefined ? {} : { topic }),
  };
}

function typeOf(word: string): TraceRecord['type'] {
  const type = types.find((known) => known === word.trim());
  if (type === undefined) throw new MusterError('EINVAL', `"${word}" is no type of message; there are ${types.join(', ')}`);
  return type;
}

function printer(call: Call<Options>, onEnough: () => void): (part: unknown) => Promise<void> | undefined {
  const { human, delta, count } = call.options;
  const text = tracePrinter({
    human: human === true,
    delta: delta === true,
    paint: messagePaint(human === true ? call.colours : null),
  });
  let left = count ?? Number.POSITIVE_INFINITY;
  return (part) => {
    const { records, dropped } = part as Responses['trace'];
    for (const record of records.slice(0, left)) {
      if (call.globals.json === true) printJsonLine(call, record);
      else call.io.out(text(record));
    }
    if (dropped > 0) call.io.err(`muster: trace: ${dropped} messages are not shown: they came too fast\n`);
    left -= records.length;
    if (left <= 0) onEnough();
    return call.io.room() ?? undefined;
  };
}
