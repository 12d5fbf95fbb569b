import type { Address, EventPacket, Packet, Tracing } from '../../../model/bus.ts';
import type { Context, Incoming, LoadedCall, Payload, Published, RequestOptions } from '../../../model/context.ts';
import { messageOf, type WireError } from '../../../model/error.ts';
import type { Sealed } from '../../../model/sealed.ts';
import type { FromRealm, Peer, RouteHere, Via } from '../../protocol.ts';
import type { EventCredits, Meter } from '../meter.ts';
import { open, seal } from '../seal.ts';
import { openTally } from '../tally.ts';
import { createAsker } from './asker.ts';
import { createEvents } from './events.ts';
import type { Introspection } from './introspection.ts';
import { ModuleMessages, type RealmParts } from './module-bus.ts';
import { createOutlets, type Outlet } from './outlet.ts';
import { postTo, type SendingSide } from './port.ts';
import { type Receivers, receive } from './receive.ts';
import { createRegistrations } from './registrations.ts';
import { createRoutes } from './routes.ts';
import { Served } from './served.ts';
import { createTap } from './tap.ts';
import { createTurn } from './turn.ts';
import { unpack } from './wire.ts';

/** What the messages of a realm need of it. */
export interface RealmPorts {
  /** To the runner's main thread; what is posted in one turn goes in one array. */
  post(message: FromRealm): void;
  readonly credits: EventCredits;
  /** ms since the epoch. */
  now(): number;
}

/** The messages of one realm: what its modules ask and serve, over ports to other realms and over the runner. */
export interface RealmBus {
  join(module: ModuleHere): ModuleBus;
  /** The way to another realm of this runner. */
  peer(peer: Peer): void;
  route(call: number, route: RouteHere): void;
  stale(prefixes: readonly string[]): void;
  gone(address: Address, name: string): void;
  registered(call: number, error: WireError | null): void;
  sealed(message: Sealed): void;
  events(events: readonly EventPacket[]): void;
  tracing(tracing: Tracing): void;
}

/** A module of this realm, as its messages know it. */
export interface ModuleHere {
  readonly address: Address;
  name(): string;
  readonly meter: Meter;
  /** Calls a function of the module so that what it throws later, and what it prints, is known to be its own. */
  run<T>(fn: () => T): T;
  /** A handler of an event threw: there is nobody to answer to. */
  failed(error: unknown): void;
  /** A handler of a request threw, and whoever asked is answered. */
  threw(topic: string, error: unknown): void;
  /** What `NAME.shutdown` asks for. */
  shutDown(): void;
}

/** The part of a Context that is messages, and the side of it that muster holds. */
export interface ModuleBus extends Pick<Context, 'handle' | 'register' | 'publish' | 'onStats'> {
  readonly debugFlags: number;
  request(topic: string, payload?: Payload, options?: RequestOptions): Promise<Payload>;
  stream(topic: string, payload?: Payload, options?: RequestOptions): AsyncIterable<Payload>;
  subscribe(glob: string, fn: (event: Published) => unknown): () => void;
  /** Whether requests are begun with now. */
  readonly takes: boolean;
  handles(method: string): boolean;
  /** Asks another module of this realm in this turn, without a copy. */
  ask(to: ModuleBus, method: string, payload: unknown): LoadedCall;
  /** The other side of it. */
  serve(asker: ModuleHere, method: string, payload: unknown): LoadedCall;
  /** Handlers of the service that a module becomes (`hostModules`); one of the module itself takes their place. */
  fallback(method: string, fn: (request: Incoming) => unknown): void;
  /** What `onStats` adds; empty if that throws. */
  ownStats(): Readonly<Record<string, unknown>>;
  /** Registrations under way are settled; rejects with what the first of them failed with. */
  settled(): Promise<void>;
  /** Requests that waited are begun with. */
  ready(): void;
  /** New requests come back as `moved` from now on, and `idle` resolves when those begun with are answered. */
  quiesce(): void;
  /** Takes requests again after `quiesce`. */
  resume(): void;
  /**
   * New requests get ENOSYS (`moved` after `quiesce`); what waited is begun with; signals abort. Streams that do not end by
   * themselves then are cut: their askers hear EHOSTUNREACH.
   */
  finalizing(): void;
  /** Resolves when what was begun with is answered. Streams may go on for ever and are not waited for. */
  idle(): Promise<void>;
  /** It is over: whatever is open fails. Its functions are not called any more. */
  leave(): void;
}

export function createRealmBus({ post, credits, now }: RealmPorts): RealmBus {
  const turn = createTurn();
  const outlets = createOutlets(turn);
  const tap = createTap({ post, now, turn });
  const events = createEvents({ post, credits, turn, tap });
  const registrations = createRegistrations(post);
  const relay = outlets.create('relay', (packets) => {
    for (const sealed of seal(packets, (failure) => receive([failure], relay, receivers))) post(sealed);
  });
  // In a turn of its own: modules that ask each other without end leave time for everything else.
  const here: Outlet = outlets.create('here', (packets) => setImmediate(arrive, packets, here));
  const peers = new Map<number, Outlet>();
  const asker = createAsker({ tell: post, turn, routes: createRoutes(outletOf) });
  const modules = new Map<Address, Served>();
  const receivers: Receivers = {
    asker,
    served: (address) => modules.get(address as Address),
    received: (address, kind) => modules.get(address as Address)?.module.meter.received(kind),
  };

  const parts: RealmParts = {
    asker,
    events,
    registrations,
    left({ address }) {
      modules.delete(address);
      turn.end();
    },
  };

  /** Returns how many of them are requests. */
  function arrive(packets: unknown, outlet: Outlet): number {
    const requests = receive(packets, outlet, receivers);
    // What was answered at once goes at once.
    turn.end();
    return requests;
  }

  function outletOf(via: Via): Outlet {
    switch (via.type) {
      case 'realm':
        return peers.get(via.realm) ?? relay;
      case 'here':
        return here;
      case 'relay':
        return relay;
    }
  }

  return {
    join(module) {
      const introspection: Introspection = { module, debugFlags: 0, addStats: null };
      const served = new Served(module, introspection, tap);
      modules.set(module.address, served);
      return new ModuleMessages(introspection, served, parts);
    },
    peer({ realm, port, sent, received }) {
      const side: SendingSide = { port, tally: openTally(sent), refuse: (packet, error) => refuse(packet, error, outlet) };
      const outlet = outlets.create('port', (packets, queues) => postTo(side, packets, queues));
      let arrived = 0;
      peers.set(realm, outlet);
      port.on('message', (flat: unknown) => {
        arrived += arrive(unpack(flat), outlet);
      });
      port.on('close', () => {
        if (peers.get(realm) === outlet) peers.delete(realm);
        for (const address of openTally(received).beyond(arrived)) modules.get(address)?.module.meter.queue(-1);
      });
      port.unref();
    },
    route: (call, route) => asker.route(call, route),
    stale: (prefixes) => asker.stale(prefixes),
    gone(address, name) {
      for (const served of modules.values()) served.gone(address);
      asker.gone(address, name);
    },
    registered: (call, error) => registrations.answer(call, error),
    sealed(message) {
      const served = modules.get(message.to);
      // As many were added to its queue as it is said to hold.
      const missing = message.requests - arrive(open(message), relay);
      if (missing !== 0) served?.module.meter.queue(-missing);
    },
    events: (packets) => events.arrive(packets),
    tracing(tracing) {
      tap.on = tracing;
    },
  };

  function refuse(packet: Packet, error: unknown, outlet: Outlet): void {
    const [kind, to, from, id] = packet;
    const refusal = { code: 'EINVAL', message: `it cannot be cloned: ${messageOf(error)}` };
    if (kind === 'request') receive([['failure', from, to, id, refusal]], outlet, receivers);
    else if (kind === 'answer' || kind === 'part' || kind === 'moved') outlet.add(['failure', to, from, id as number, refusal]);
  }
}
