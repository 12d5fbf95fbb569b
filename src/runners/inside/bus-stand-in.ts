import { MusterError } from '../../model/error.ts';
import type { ModuleBus, RealmBus, RealmPorts } from './bus/realm-bus.ts';

/** Until the messages are there: nobody serves anything, and nobody asks. */
export function createRealmBus(_: RealmPorts): RealmBus {
  const nobody = (): never => {
    throw new MusterError('ENOSYS', 'there are no messages yet');
  };
  const module: ModuleBus = {
    debugFlags: 0,
    handle() {},
    register: async () => {},
    publish() {},
    onStats() {},
    request: async () => nobody(),
    stream: () => nobody(),
    subscribe: () => () => {},
    fallback() {},
    ownStats: () => ({}),
    settled: async () => {},
    ready() {},
    quiesce() {},
    resume() {},
    finalizing() {},
    idle: async () => {},
    leave() {},
  };
  return {
    join: () => module,
    peer() {},
    route() {},
    stale() {},
    gone() {},
    registered() {},
    packets() {},
    events() {},
    tracing() {},
  };
}
