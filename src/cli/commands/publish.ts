import type { Definition } from '../command.ts';
import { jsonOperand } from '../json-text.ts';
import { printJson } from '../output.ts';
import { ask } from '../remote.ts';

export const publish: Definition = {
  name: 'publish',
  operands: '<TOPIC> [JSON]',
  summary: 'send one event to whoever subscribed',
  details:
    'Every module that subscribed a matching glob gets it, which may be none. JSON is the payload, at most 8 MiB; - reads it from stdin. ' +
    'Returns when the daemon has taken it.',
  examples: [`muster publish words.changed '{"count": 3}'`, 'muster publish cache.flush'],
  async run(call) {
    const [topic = '', json] = call.args;
    const payload = await jsonOperand(json, call.io);
    const document = await ask(call, 'publish', { topic, ...(payload === undefined ? {} : { payload }) });
    if (call.globals.json === true) printJson(call, document);
    return 0;
  },
};
