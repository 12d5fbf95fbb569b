import { hold } from '../engine/holds.ts';
import type { Handlers } from './call.ts';

/** Methods that steer the daemon or one module without changing the loaded set. */
export const controlHandlers: Pick<Handlers, 'hold' | 'signal' | 'down'> = {
  hold: async (params, _call, { engine }) => ({ held: await hold(params, engine.context) }),
  async signal({ name, signal }, _call, { engine }) {
    engine.context.ports.instances.signal(name, signal);
    return {};
  },
  down: ({ keep = false }, _call, ports) => ports.down({ keep }),
};
