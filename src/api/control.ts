import { hold } from '../engine/holds.ts';
import { MusterError } from '../model/error.ts';
import type { Handlers } from './call.ts';

/** Methods that steer the daemon or one module without changing the loaded set. */
export const controlHandlers: Pick<Handlers, 'hold' | 'signal' | 'down'> = {
  hold: async (params, _call, { engine }) => ({ held: await hold(params, engine.context) }),
  async signal({ name, signal }, _call, { engine }) {
    engine.context.ports.instances.signal(name, signal);
    return {};
  },
  async down({ keep }, _call, ports) {
    if (keep === true) throw new MusterError('ENOSYS', 'keeping OS processes for the next daemon is not built yet; nothing was stopped');
    return ports.down();
  },
};
