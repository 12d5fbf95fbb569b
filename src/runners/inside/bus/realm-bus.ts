import type { MessagePort } from 'node:worker_threads';
import type { Address, EventPacket, Packet, Tracing } from '../../../model/bus.ts';
import type { Context, Incoming, Payload, Published, RequestOptions } from '../../../model/context.ts';
import type { WireError } from '../../../model/error.ts';
import type { FromRealm, RouteHere } from '../../protocol.ts';
import type { EventCredits, Meter } from '../meter.ts';

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
  /** A port to another realm of this runner. */
  peer(realm: number, port: MessagePort): void;
  route(call: number, route: RouteHere): void;
  stale(prefixes: readonly string[]): void;
  gone(address: Address, name: string): void;
  registered(call: number, error: WireError | null): void;
  packets(packets: readonly Packet[]): void;
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
  /** What `NAME.shutdown` asks for. */
  shutDown(): void;
}

/** The part of a Context that is messages, and the side of it that muster holds. */
export interface ModuleBus extends Pick<Context, 'handle' | 'register' | 'publish' | 'onStats'> {
  readonly debugFlags: number;
  request(topic: string, payload?: Payload, options?: RequestOptions): Promise<Payload>;
  stream(topic: string, payload?: Payload, options?: RequestOptions): AsyncIterable<Payload>;
  subscribe(glob: string, fn: (event: Published) => unknown): () => void;
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
  /** New requests get ENOSYS (`moved` after `quiesce`); what waited is begun with; streams end; signals abort. */
  finalizing(): void;
  idle(): Promise<void>;
  /** It is over: whatever is open fails. Its functions are not called any more. */
  leave(): void;
}
