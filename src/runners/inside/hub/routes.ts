import { MessageChannel } from 'node:worker_threads';
import type { Address, BusToRunner } from '../../../model/bus.ts';
import type { FromRealm, FromRunner, RouteHere, Via } from '../../protocol.ts';
import { createTallyBuffer } from '../tally.ts';
import type { Realm, Resident } from './realm.ts';

type To<K extends BusToRunner['type']> = Extract<BusToRunner, { type: K }>;
type From<K extends FromRealm['type']> = Extract<FromRealm, { type: K }>;

/** What realms ask the daemon of services. Each counts its own calls; towards the daemon they are counted in one row. */
export interface Routes {
  resolve(realm: Realm, message: From<'resolve'>): void;
  register(realm: Realm, message: From<'register'>): void;
  route(message: To<'route'>): void;
  registered(message: To<'registered'>): void;
  /** To every realm that has asked for routes. */
  changed(message: To<'stale'> | To<'gone'>): void;
  exited(realm: Realm): void;
}

export interface RoutesOptions {
  readonly realms: ReadonlyMap<number, Realm>;
  readonly residents: ReadonlyMap<Address, Resident>;
  post(message: FromRunner): void;
}

interface Asked {
  readonly realm: Realm;
  readonly call: number;
}

export function createRoutes({ realms, residents, post }: RoutesOptions): Routes {
  const asked = new Map<number, Asked>();
  let calls = 0;

  function ask(realm: Realm, call: number): number {
    calls += 1;
    asked.set(calls, { realm, call });
    return calls;
  }

  function answered(call: number): Asked | undefined {
    const found = asked.get(call);
    asked.delete(call);
    return found;
  }

  function from(realm: Realm, route: To<'route'>['route']): RouteHere {
    if ('error' in route) return route;
    return { ...route, via: via(realm, residents.get(route.address)) };
  }

  function via(realm: Realm, resident: Resident | undefined): Via {
    if (resident === undefined || resident.realm.ending) return { type: 'relay' };
    if (resident.realm === realm) return { type: 'here' };
    introduce(realm, resident.realm);
    return { type: 'realm', realm: resident.realm.id, meter: resident.metered.place };
  }

  return {
    resolve(realm, { from, call, prefix }) {
      realm.routed = true;
      post({ type: 'resolve', from, call: ask(realm, call), prefix });
    },
    register: (realm, { from, call, service }) => post({ type: 'register', from, call: ask(realm, call), service }),
    route({ call, route }) {
      const found = answered(call);
      found?.realm.post({ type: 'route', call: found.call, route: from(found.realm, route) });
    },
    registered({ call, error }) {
      const found = answered(call);
      found?.realm.post({ type: 'registered', call: found.call, error });
    },
    changed(message) {
      for (const realm of realms.values()) if (realm.routed) realm.post(message);
    },
    exited(gone) {
      for (const peer of gone.peers) realms.get(peer)?.peers.delete(gone.id);
      for (const [call, { realm }] of asked) if (realm === gone) asked.delete(call);
    },
  };
}

/** Once per pair. What goes from one realm to the other before the port has arrived waits in it. */
function introduce(one: Realm, other: Realm): void {
  if (one.peers.has(other.id)) return;
  one.peers.add(other.id);
  other.peers.add(one.id);
  const { port1, port2 } = new MessageChannel();
  const [there, back] = [createTallyBuffer(), createTallyBuffer()];
  one.post({ type: 'peer', realm: other.id, port: port1, sent: there, received: back }, [port1]);
  other.post({ type: 'peer', realm: one.id, port: port2, sent: back, received: there }, [port2]);
}
