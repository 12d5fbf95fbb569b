import type { BusPort } from '../model/bus.ts';
import { MusterError } from '../model/error.ts';

const nothing = (): void => {};
const nobody = (topic: string): MusterError => new MusterError('ENOSYS', `${topic}: there are no messages here`);

/** Where modules only run and nobody asks them anything. */
export const silentBus: BusPort = {
  connect: () => ({ receive: nothing, close: nothing }),
  attach: () => ({ ready: nothing, finalizing: nothing, ended: nothing, rename: nothing, update: nothing }),
  route: (service) => Promise.reject(nobody(service)),
  request: (topic) => Promise.reject(nobody(topic)),
};
