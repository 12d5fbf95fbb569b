import { MusterError } from '../../model/error.ts';
import { exitCode } from '../../model/exit-code.ts';
import { formatDuration } from '../../model/units.ts';
import type { Client } from '../../socket/client.ts';
import type { Call, Definition } from '../command.ts';
import { isUserError } from '../failure.ts';
import { jsonOperand } from '../json-text.ts';
import { duration } from '../options.ts';
import { printJson, printJsonLine } from '../output.ts';
import { overReplacement } from '../remote.ts';

interface Options {
  timeout?: number;
}

const defaultTimeout = 30_000;

export const request: Definition<Options> = {
  name: 'request',
  operands: '<TOPIC> [JSON]',
  summary: 'send one request and print its response',
  details:
    'TOPIC is a service and one of its methods. JSON is the payload, at most 8 MiB; - reads it from stdin, without it there is none.\n' +
    'The response is printed as JSON: on one line, on a terminal over several; of a stream each part on a line as it comes. ' +
    'An error that the module answers exits 1. The values of secrets show as ***.',
  options: [{ flags: '--timeout <DURATION>', doc: 'give up when nothing comes for so long (default: 30s; 0: never)', parse: duration }],
  examples: [`muster request greeter.hello '{"who": "you"}'`, 'muster request greeter.ping', 'generate | muster request store.put -'],
  async run(call) {
    const [topic = '', json] = call.args;
    const payload = await jsonOperand(json, call.io);
    const patience = patienceOf(call.options.timeout ?? defaultTimeout);
    let parts = 0;
    const onPart = (part: unknown): void | Promise<void> => {
      parts += 1;
      patience.renew();
      printJsonLine(call, part);
      return call.io.room() ?? undefined;
    };
    const asked = (client: Client): Promise<unknown> =>
      client
        .request(topic, payload, { onPart, signal: patience.signal, shown: true })
        .catch((error) => Promise.reject(asAnswered(error, topic)));
    try {
      const answer = await overReplacement(call, asked);
      printLast(call, answer, parts);
      return exitCode.ok;
    } catch (error) {
      throw patience.signal.aborted ? patience.signal.reason : error;
    } finally {
      patience.end();
    }
  },
};

/** The end of a stream need not say anything. */
function printLast(call: Call, answer: unknown, parts: number): void {
  if (parts > 0 && (answer === undefined || answer === null)) return;
  if (parts === 0 && call.io.outTerminal) printJson(call, answer ?? null);
  else printJsonLine(call, answer ?? null);
}

/** The codes of modules are their own: ECONNREFUSED of one of them is no missing daemon. */
function asAnswered(error: unknown, topic: string): unknown {
  if (topic.startsWith('muster.') || !isUserError(error)) return error;
  const { code, message, hint, output, cause } = error;
  return new MusterError(code, message, {
    exitCode: exitCode.error,
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(output === undefined ? {} : { output }),
  });
}

/** Aborts when nothing has come for `ms`; 0: never. */
function patienceOf(ms: number): { signal: AbortSignal; renew(): void; end(): void } {
  const abort = new AbortController();
  const giveUp = (): void => {
    const hint = '--timeout waits longer, with 0 for ever';
    abort.abort(new MusterError('ETIMEDOUT', `no answer within ${formatDuration(ms)}`, { hint }));
  };
  const timer = ms === 0 ? undefined : setTimeout(giveUp, ms);
  return { signal: abort.signal, renew: () => void timer?.refresh(), end: () => clearTimeout(timer) };
}
