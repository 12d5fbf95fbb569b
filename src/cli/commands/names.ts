import type { ListDoc } from '../../model/documents.ts';
import { connect } from '../../socket/client.ts';
import type { Definition } from '../command.ts';
import { which } from '../which.ts';

const patienceMs = 500; // somebody waits for the completion of a word

/** What completion offers: never an error, never a wait. */
export const names: Definition = {
  name: '__names',
  summary: 'print the names of the loaded modules, for shell completion',
  examples: ['muster __names'],
  hidden: true,
  async run(call) {
    const signal = AbortSignal.timeout(patienceMs);
    try {
      const client = await connect({ path: which(call.globals, call.io).socket });
      const { modules } = (await client.request('muster.list', {}, { signal })) as ListDoc;
      client.close();
      call.io.out(modules.map(({ name }) => `${name}\n`).join(''));
    } catch {
      // No daemon: nothing to offer.
    }
    return 0;
  },
};
