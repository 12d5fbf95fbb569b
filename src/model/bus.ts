import type { WireError } from './error.ts';
import type { Sealed } from './sealed.ts';

/**
 * Who sends or gets a message: 0 the daemon (service `muster`), positive an instance of a module (a new start is a new
 * address), negative a client of the control socket. Never used again while the daemon lives.
 */
export type Address = number;
export const daemonAddress: Address = 0;

/**
 * What goes over a channel, as tuples: structured clone writes no keys for them. Requests go to the instance that a route
 * names; the answers carry the `id` that the asker gave.
 */
export type Packet =
  | RequestPacket
  | AnswerPacket
  | PartPacket
  | FailurePacket
  | MovedPacket
  | CancelPacket
  | CreditPacket
  | DisconnectPacket;

/** `sender` is the name of the asker, for people; `topic` is whole, the method is what follows the service in it. */
export type RequestPacket = readonly [
  kind: 'request',
  to: Address,
  from: Address,
  id: number,
  service: string,
  topic: string,
  payload: unknown,
  sender: string,
];
/** The last of a response. `ended`: it is the end of a stream, and no response by itself. */
export type AnswerPacket = readonly [kind: 'answer', to: Address, from: Address, id: number, payload: unknown, ended?: true];
/** One of a stream (`more: true`); at most `streamWindow` that were not taken are under way. */
export type PartPacket = readonly [kind: 'part', to: Address, from: Address, id: number, payload: unknown];
export type FailurePacket = readonly [kind: 'failure', to: Address, from: Address, id: number, error: WireError];
/** The request comes back unserved: its module goes or has gone on as another instance; look the route up again. */
export type MovedPacket = readonly [kind: 'moved', to: Address, from: Address, id: number, topic: string, payload: unknown];
/** The asker gives up. Nothing is answered to it. */
export type CancelPacket = readonly [kind: 'cancel', to: Address, from: Address, id: number];
/** So many parts of the stream were taken. */
export type CreditPacket = readonly [kind: 'credit', to: Address, from: Address, id: number, count: number];
/** To a module that `from` has asked something: it is gone. `sender` was its name. */
export type DisconnectPacket = readonly [kind: 'disconnect', to: Address, from: Address, sender: string];

/** An event on its way; who gets it is decided by who subscribed. */
export type EventPacket = readonly [from: Address, topic: string, payload: unknown, sender: string];

/** Parts of one stream that may be under way. */
export const streamWindow = 64;
/** Requests of one asker to one module that may be under way; what is beyond waits at the asker. */
export const requestWindow = 1024;
/** Requests that may wait at an asker for one module; more are refused with EBUSY. */
export const waitingLimit = 16_384;
/** Events that may be under way to one realm, or from one; more are dropped and counted. */
export const eventWindow = 8192;
/** Longest payload, in bytes as `sizeOf` estimates them; more is refused with E2BIG. */
export const payloadLimit = 8 * 1024 * 1024;
/** Deeper than this nothing sensible is nested, and what walks through it recursively runs out of stack. */
export const nestingLimit = 1000;

/** Where requests to a service go now. */
export type Route = { readonly service: string; readonly address: Address } | { readonly error: WireError };

/** One line of `trace`. Requests and responses are told where they are served, events where they are published and where they arrive. */
export interface Traced {
  /** ms since the epoch. */
  readonly at: number;
  readonly type: 'request' | 'response' | 'event' | 'control';
  readonly topic: string;
  readonly from: Address;
  /** Null: whoever subscribed. */
  readonly to: Address | null;
  readonly error?: string;
  readonly more?: true;
  /** Only where somebody wants it whole. */
  readonly payload?: unknown;
  /** Bytes, estimated. */
  readonly size: number;
}

/** What is traced: null nothing; `payloads` with their content. */
export type Tracing = { readonly payloads: boolean } | null;

/** Daemon to runner, beside what goes to single instances. */
export type BusToRunner =
  /** What the daemon itself says; it is sealed on its way. */
  | { readonly type: 'packets'; readonly packets: readonly Packet[] }
  /** What comes from another runner. */
  | Sealed
  | { readonly type: 'events'; readonly events: readonly EventPacket[] }
  /** The answer to `resolve`. It may be long in coming: a module that is being reloaded is waited for. */
  | { readonly type: 'route'; readonly call: number; readonly route: Route }
  /** Routes under this prefix (the topic without its last word) are to be looked up anew. */
  | { readonly type: 'stale'; readonly prefixes: readonly string[] }
  /** It has ended: what waits for its answer fails with EHOSTUNREACH. */
  | { readonly type: 'gone'; readonly address: Address; readonly name: string }
  | { readonly type: 'registered'; readonly call: number; readonly error: WireError | null }
  /** Globs that somebody outside of this runner subscribed; other events stay in it. */
  | { readonly type: 'interest'; readonly globs: readonly string[] }
  | { readonly type: 'tracing'; readonly tracing: Tracing };

/** Runner to daemon. `from` is the instance that asks. */
export type BusFromRunner =
  | { readonly type: 'packets'; readonly packets: readonly Packet[] }
  | Sealed
  | { readonly type: 'events'; readonly events: readonly EventPacket[] }
  /** `prefix` is a topic without its last word: the longest registered service that it begins with is meant. */
  | { readonly type: 'resolve'; readonly from: Address; readonly call: number; readonly prefix: string }
  /** So many requests of `from` wait for the answer to this resolve. */
  | { readonly type: 'waiting'; readonly from: Address; readonly prefix: string; readonly count: number }
  | { readonly type: 'register'; readonly from: Address; readonly call: number; readonly service: string }
  /** All globs that modules of this runner subscribed. */
  | { readonly type: 'subscribed'; readonly globs: readonly string[] }
  | { readonly type: 'traced'; readonly records: readonly Traced[]; readonly dropped: number };

/** One runner process, as the bus sees it. */
export interface RunnerLink {
  send(message: BusToRunner): void;
  /** What is in it; none of it need be a packet. */
  open(sealed: Sealed): readonly unknown[];
}

/** The bus, as a runner process sees it. */
export interface BusLink {
  receive(message: BusFromRunner): void;
  /** The runner is gone, and every instance in it. */
  close(): void;
}

/** A module instance that can be asked. */
export interface Party {
  readonly address: Address;
  readonly name: string;
  readonly link: BusLink;
  /** Services that its spec says it registers: they are its own from the start. */
  readonly provides: readonly string[];
  /** Of several providers of a service the highest has it. */
  readonly priority: number;
  /** What it may ask of the daemon. */
  readonly control: 'none' | 'read' | 'apply';
}

/** What a driver tells the bus of one party; each at most once, in this order. */
export interface Attached {
  /** Its realm has taken it up, and keeps requests for it from now on. Until then who asks it something waits. */
  begun(): void;
  /** It runs: where its module already runs as another instance, requests and services pass on to it in this step. */
  ready(): void;
  /** It takes no more requests: they get ENOSYS, or wait where its module is parked. */
  finalizing(): void;
  /** Nothing of it is left. Callers that wait for an answer hear EHOSTUNREACH. */
  ended(): void;
  /** Instead of all that: its service serves it itself, and it is nobody on the bus. */
  elsewhere(): void;
  rename(name: string): void;
  /** Live change of what its spec says. */
  update(spec: Pick<Party, 'priority' | 'control'>): void;
}

/** Where drivers connect what can be asked. */
export interface BusPort {
  /** `id` is that of the runner's lease, by which another daemon knows it too. */
  connect(runner: RunnerLink, id?: string): BusLink;
  /** A module of that name is on its way: who asks it something waits until the function that this returns is called. */
  expect(name: string): () => void;
  /** What another daemon has handed over, and stands on the bus already. */
  attached(address: Address): Attached;
  /** Throws EEXIST, naming the holder, where its name or a service it provides is another module's and cannot be shared. */
  attach(party: Party): Attached;
  /** Who serves it now; a module that is being reloaded is waited for. */
  route(service: string): Promise<Route>;
  /** A request of the daemon itself. */
  request(topic: string, payload: unknown, options?: { timeout?: number; signal?: AbortSignal }): Promise<unknown>;
}

/** Who gets the answer to one request: any number of parts, then one `send` or `fail`. Payloads for a client are JSON. */
export interface Receiver {
  send(payload: unknown): void;
  /** Resolves when there is room for more. */
  part(payload: unknown): Promise<void>;
  fail(error: unknown): void;
}

/** One who asks from outside of the runners: a connection of the control socket. */
export interface BusClient {
  /** Asks the service that the topic begins with; returns what `cancel` takes. What goes wrong goes to the receiver too. */
  ask(topic: string, payload: unknown, receiver: Receiver): number;
  /** The receiver hears ECANCELED, unless it has its answer already. */
  cancel(id: number): void;
  /** Throws EPERM or EINVAL for a topic that nobody may publish. */
  publish(topic: string, payload: unknown): void;
  /** Cancels all that is open; whom it asked is told that it is gone. Idempotent. */
  close(): void;
}

/** What `instances` tells and asks the bus, by name of the module. */
export interface ServicesPort {
  /** The module is about to be replaced: requests to it wait, whatever becomes of its instance. */
  park(name: string): void;
  /** The replacement is over. What waits goes to who runs now, else it gets its error. */
  unpark(name: string): void;
  /** It is not there and comes back (`B`), or is not (`E`, removed): what requests get meanwhile. */
  absent(name: string, why: 'backingOff' | 'exited' | 'removed'): void;
  /** Registered services beside the own name, sorted. */
  services(name: string): readonly string[];
  /** Requests that wait at the daemon or at askers until it can take them. */
  waiting(name: string): number;
}
