import type { MessagePort } from 'node:worker_threads';
import type { Address, BusFromRunner, BusToRunner, EventPacket, Traced, Tracing } from '../model/bus.ts';
import type { ModuleStats, Rusage, RusageOf, StatusLevel } from '../model/documents.ts';
import type { Ended, Fault } from '../model/driver.ts';
import type { ErrorCode, WireError } from '../model/error.ts';
import type { Figures } from '../model/metrics.ts';
import type { Sealed } from '../model/sealed.ts';

/** Compiled code, and its source map. */
export interface CodeText {
  readonly text: string;
  readonly map: string;
}

/** What a realm needs to run one module. */
export interface Start {
  readonly name: string;
  /** The entry file, or `builtin:NAME`; packages are looked up from there. */
  readonly path: string;
  /** The compiled code, its source map beside it as `.map`. */
  readonly codeFile: string;
  /** The same and its map as text, for a runner that runs as somebody who may not read them. */
  readonly code?: CodeText;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Bytes. */
  readonly maxHeap: number | null;
  /** Of a module found by a bare name: what it has to export as `name`, if it exports one. */
  readonly expectName: string | null;
  /** What the last instance saved; null: nothing. */
  readonly restored: Uint8Array | null;
  /** It comes back by itself. */
  readonly again?: true;
}

/** Which realm a module is put into. A realm is a JavaScript heap with one channel: a thread of a runner process. */
export type Place =
  /** A thread of its own. */
  | { readonly type: 'own' }
  /** One of the threads of the pool. */
  | { readonly type: 'pool' }
  /** The thread of this group. */
  | { readonly type: 'group'; readonly group: string }
  /** That of the module that loads it, which asks for it by name (`hostModules`). */
  | { readonly type: 'host'; readonly host: Address };

/** Anything that was thrown, as data; the stack is mapped to the sources. */
export interface Thrown {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack: string;
}

/** Daemon to module. */
export type ToModule =
  | { readonly type: 'stop'; readonly replaced?: boolean }
  | { readonly type: 'resume' }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'reconfigure'; readonly call: number; readonly config: Readonly<Record<string, unknown>> }
  | { readonly type: 'save'; readonly call: number };

/** Module to daemon. */
export type FromModule =
  | { readonly type: 'ready' }
  | { readonly type: 'reconfigurable' }
  /** It has something for its next instance (`onSave`). */
  | { readonly type: 'saves' }
  | { readonly type: 'finalizing' }
  | { readonly type: 'status'; readonly level: StatusLevel; readonly message: string; readonly override?: true }
  | { readonly type: 'reconfigured'; readonly call: number; readonly thrown: Thrown | null }
  | { readonly type: 'saved'; readonly call: number; readonly state: Uint8Array | null; readonly thrown: Thrown | null };

/** Daemon to runner; several go in one array. `id` is an instance: its address on the bus. */
export type ToRunner =
  | { readonly type: 'start'; readonly id: Address; readonly place: Place; readonly start: Start }
  /** Ends it by force; in a shared realm, if the others can be spared it, alone. */
  | { readonly type: 'kill'; readonly id: Address }
  /** Output that was passed on; a runner holds back what runs ahead of it. */
  | { readonly type: 'wrote'; readonly id: Address; readonly bytes: number }
  | { readonly type: 'toModule'; readonly id: Address; readonly message: ToModule }
  | { readonly type: 'usage'; readonly call: number; readonly figures: boolean }
  | { readonly type: 'stats'; readonly call: number; readonly id: Address; readonly clear: boolean }
  | { readonly type: 'rusage'; readonly call: number; readonly id: Address; readonly who: RusageOf }
  | Exclude<BusToRunner, { readonly type: 'packets' }>;

/** Beside that: it goes on to another daemon, and is to send nothing any more until one says `resume`. */
export type ToHeld = { readonly type: 'hold' } | { readonly type: 'resume' };

/** Runner to daemon; several go in one array. */
export type FromRunner =
  | { readonly type: 'started'; readonly id: Address; readonly threadId: number }
  | { readonly type: 'output'; readonly id: Address; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly type: 'fromModule'; readonly id: Address; readonly message: FromModule }
  /** The last one of an instance: nothing of it is left. */
  | { readonly type: 'ended'; readonly id: Address; readonly ended: Ended; readonly code: ErrorCode; readonly hint?: string }
  | { readonly type: 'usage'; readonly call: number; readonly modules: readonly ModuleUsage[] }
  | { readonly type: 'stats'; readonly call: number; readonly stats: ModuleStats }
  | { readonly type: 'rusage'; readonly call: number; readonly rusage: Rusage }
  | Exclude<BusFromRunner, { readonly type: 'packets' }>;

/** After `hold`: the last that this daemon hears. */
export type FromHeld = { readonly type: 'held' };

/** What a runner's main thread reads from shared memory, also while the module hangs. */
export interface ModuleUsage {
  readonly id: Address;
  readonly queued: number;
  /** When it last sent a request or response, ms since the epoch; 0: never. */
  readonly activeAt: number;
  /** Where they were asked for. */
  readonly figures?: Figures;
}

/** Where the counters of one module stand in shared memory; see `inside/meter.ts`. */
export interface MeterPlace {
  readonly buffer: SharedArrayBuffer;
  readonly index: number;
}

/** `workerData` of a realm, which starts empty and is told what to run by `start`. */
export interface RealmData {
  readonly realm: number;
  /** Whether several modules live in it, or will, each of which has to be told from the others; else one, and those it hosts. */
  readonly shared: boolean;
  /** See `inside/meter.ts`. */
  readonly credits: SharedArrayBuffer;
}

/** What a realm runs, beside `RealmData` in its `workerData`. */
export interface RealmProgram {
  readonly file: string;
  /** A function of `require` and `__filename`. */
  readonly source: string;
  /** By V8, of an earlier realm; null: nothing yet. */
  readonly compiled: Uint8Array | null;
  /** Whether this realm is to tell what it has compiled. */
  readonly tell: boolean;
}

/**
 * Where packets to an address are posted: a port to the realm it lives in, the own realm, or the runner, which relays. Over a
 * port who asks counts the queue of the module asked.
 */
export type Via =
  | { readonly type: 'realm'; readonly realm: number; readonly meter: MeterPlace }
  | { readonly type: 'here' }
  | { readonly type: 'relay' };

/** A runner's main thread to one of its realms; several go in one array. Calls count per realm. */
export type ToRealm =
  | { readonly type: 'start'; readonly id: Address; readonly start: Start; readonly meter: MeterPlace; readonly hosted: boolean }
  | { readonly type: 'toModule'; readonly id: Address; readonly message: ToModule }
  /** Ends a module at once as far as a realm can: its functions are not called any more. */
  | { readonly type: 'abandon'; readonly id: Address }
  | { readonly type: 'wrote'; readonly id: Address; readonly bytes: number }
  /** What `onStats` adds. */
  | { readonly type: 'ownStats'; readonly call: number; readonly id: Address }
  /** Comes before the first route that needs it. */
  | ({ readonly type: 'peer' } & Peer)
  | { readonly type: 'route'; readonly call: number; readonly route: RouteHere }
  | { readonly type: 'stale'; readonly prefixes: readonly string[] }
  | { readonly type: 'gone'; readonly address: Address; readonly name: string }
  | { readonly type: 'registered'; readonly call: number; readonly error: WireError | null }
  | Sealed
  | { readonly type: 'events'; readonly events: readonly EventPacket[] }
  | { readonly type: 'tracing'; readonly tracing: Tracing };

/** The way to another realm of the same runner: a port, and what either side has counted of what it sent; see `inside/tally.ts`. */
export interface Peer {
  readonly realm: number;
  readonly port: MessagePort;
  readonly sent: SharedArrayBuffer;
  readonly received: SharedArrayBuffer;
}

/** A route as a realm goes it. */
export type RouteHere = { readonly service: string; readonly address: Address; readonly via: Via } | { readonly error: WireError };

/** A realm to its runner's main thread; several go in one array, wrapped: modules and their libraries may post to the same port. */
export interface Posted {
  readonly muster: readonly FromRealm[];
}

export type FromRealm =
  /** The module is taken up. `tid` is the number that the system knows the thread by (/proc/thread-self); null where it tells none. */
  | { readonly type: 'started'; readonly id: Address; readonly tid: number | null }
  | { readonly type: 'fromModule'; readonly id: Address; readonly message: FromModule }
  /** Output of a module that shares its realm; one that is alone writes to the thread's streams. */
  | { readonly type: 'output'; readonly id: Address; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  /** The last one of a module. */
  | { readonly type: 'settled'; readonly id: Address; readonly reason: string; readonly thrown: Thrown | null; readonly fault?: Fault }
  | { readonly type: 'ownStats'; readonly call: number; readonly stats: Readonly<Record<string, unknown>> }
  | { readonly type: 'resolve'; readonly from: Address; readonly call: number; readonly prefix: string }
  | { readonly type: 'waiting'; readonly from: Address; readonly prefix: string; readonly count: number }
  | { readonly type: 'register'; readonly from: Address; readonly call: number; readonly service: string }
  /** All globs that the modules of this realm subscribed. */
  | { readonly type: 'subscribed'; readonly globs: readonly string[] }
  | Sealed
  | { readonly type: 'events'; readonly events: readonly EventPacket[] }
  | { readonly type: 'traced'; readonly records: readonly Traced[]; readonly dropped: number }
  | { readonly type: 'compiled'; readonly code: Uint8Array };

/** Bytes of output of one module that may be under way to the daemon. */
export const outputWindow = 256 * 1024;

/** Of the socket that a runner listens at. */
export const listeningFd = 3;
/** How long a runner that is handed over waits for the next daemon, ms. */
export const handoverMs = 30_000;
