import type { Address, EventPacket, Packet } from '../../../model/bus.ts';
import type { FromRealm, FromRunner, ToRunner } from '../../protocol.ts';
import { createBudget } from './budget.ts';
import { createEvents } from './events.ts';
import { createFigures } from './figures.ts';
import { createLives } from './lives.ts';
import { createMeters } from './meters.ts';
import { createPackets } from './packets.ts';
import { createPlacement } from './placement.ts';
import { readProgram } from './program.ts';
import { openRealm, type Realm, type RealmEvents, type RealmOptions, type Resident } from './realm.ts';
import { readResources } from './resources.ts';
import { createRoutes } from './routes.ts';

/** The main thread of a runner: it starts and ends realms, introduces them to each other, and runs no code of modules itself. */
export interface Hub {
  receive(message: ToRunner): void;
  /** Of what could not cross to the daemon. */
  back(failure: Packet): void;
  dropped(event: EventPacket): void;
}

export interface HubOptions {
  /** The first file of threads, and the program of realms, which it runs. */
  readonly bootFile: string;
  readonly realmFile: string;
  /** To the daemon. */
  post(message: FromRunner): void;
}

export function createHub({ bootFile, realmFile, post }: HubOptions): Hub {
  const realms = new Map<number, Realm>();
  const residents = new Map<Address, Resident>();
  const program = readProgram(realmFile);
  const budget = createBudget({ read: readResources, now: () => performance.now() });
  const placement = createPlacement({ open, resident: (id) => residents.get(id) });
  const lives = createLives({ residents, meters: createMeters(), placement, post });
  const routes = createRoutes({ realms, residents, post });
  const packets = createPackets({ residents, post });
  const events = createEvents({ residents, post });
  const figures = createFigures({ residents, post });
  const realmEvents: RealmEvents = {
    received(realm, messages) {
      for (const message of messages) receiveFrom(realm, message);
    },
    output: lives.output,
    online: placement.online,
    exited(realm, exit) {
      realms.delete(realm.id);
      placement.exited(realm);
      routes.exited(realm);
      events.exited(realm);
      lives.exited(realm, exit);
    },
  };
  let lastRealm = 0;
  let tracing: Extract<ToRunner, { type: 'tracing' }> | null = null;

  function open(options: Omit<RealmOptions, 'id'>): Realm {
    budget.admit(realms.size);
    lastRealm += 1;
    const realm = openRealm(bootFile, program.next(), { ...options, id: lastRealm }, realmEvents);
    realms.set(realm.id, realm);
    if (tracing !== null) realm.post(tracing);
    return realm;
  }

  function receive(message: ToRunner): void {
    switch (message.type) {
      case 'start':
        lives.start(message);
        break;
      case 'kill':
        lives.kill(message.id);
        break;
      case 'wrote':
        lives.wrote(message.id, message.bytes);
        break;
      case 'toModule':
        lives.tell(message.id, message.message);
        break;
      case 'usage':
        figures.usage(message);
        break;
      case 'stats':
        figures.stats(message);
        break;
      case 'rusage':
        figures.rusage(message);
        break;
      case 'sealed':
        packets.fromDaemon(message);
        break;
      case 'events':
        events.fromDaemon(message.events);
        break;
      case 'interest':
        events.interest(message);
        break;
      case 'route':
        routes.route(message);
        break;
      case 'registered':
        routes.registered(message);
        break;
      case 'stale':
      case 'gone':
        routes.changed(message);
        break;
      case 'tracing':
        tracing = message;
        for (const realm of realms.values()) realm.post(message);
    }
  }

  function receiveFrom(realm: Realm, message: FromRealm): void {
    switch (message.type) {
      case 'started':
        lives.started(realm, message);
        break;
      case 'settled':
        lives.settled(realm, message);
        break;
      case 'output':
      case 'fromModule':
        if (realm.residents.has(message.id)) post(message);
        break;
      case 'compiled':
        program.compiled(message.code);
        break;
      case 'ownStats':
        figures.ownStats(message);
        break;
      case 'resolve':
        routes.resolve(realm, message);
        break;
      case 'register':
        routes.register(realm, message);
        break;
      case 'subscribed':
        events.subscribed(realm, message.globs);
        break;
      case 'sealed':
        packets.fromRealm(message);
        break;
      case 'events':
        events.published(realm, message.events);
        break;
      case 'waiting':
      case 'traced':
        post(message);
    }
  }

  return { receive, back: packets.back, dropped: events.withheld };
}
