import type { Address } from '../../../model/bus.ts';
import type { FromRealm, RealmProgram } from '../../protocol.ts';
import { createCreditsBuffer, type EventCredits, openCredits } from '../meter.ts';
import { startThread, type Thread, type ThreadExit } from '../thread.ts';
import type { Leased } from './meters.ts';

/** A realm, as the runner's main thread sees it. */
export interface Realm {
  readonly id: number;
  readonly threadId: number;
  /** Several modules share it; else it has an owner, and whom that one hosts. */
  readonly shared: boolean;
  readonly residents: Map<Address, Resident>;
  readonly credits: EventCredits;
  /** What its modules subscribed. */
  globs: readonly string[];
  /** Events that were posted to it. */
  delivered: number;
  /** Realms to which it has a port. */
  readonly peers: Set<number>;
  /** It has asked for routes, so it wants to hear when they change. */
  routed: boolean;
  /** The system's number of the thread. */
  tid: number | null;
  /** It is being ended by force and takes nothing up any more. */
  ending: boolean;
  /** Why it is ended, for modules in it that are not the reason. */
  cause: string | null;
  isOnline(): boolean;
  post: Thread['post'];
  terminate(cause?: string): void;
  wrote: Thread['wrote'];
}

/** A module that lives in this runner. */
export interface Resident {
  readonly id: Address;
  name: string;
  readonly realm: Realm;
  readonly metered: Leased;
  /** Of the module that hosts it. */
  readonly host: Resident | null;
  /** Its realm has taken it up; a hosted one waits for that until its host asks for it. */
  started: boolean;
  /** It is being ended by force. */
  killed: boolean;
  /** How it ended, as its realm says. */
  settled: Extract<FromRealm, { type: 'settled' }> | null;
}

export interface RealmOptions {
  readonly id: number;
  /** For those who look at the threads of a process. */
  readonly name: string;
  readonly shared: boolean;
  /** Bytes. */
  readonly maxHeap: number | null;
}

/** What becomes of realms. */
export interface RealmEvents {
  received(realm: Realm, messages: readonly FromRealm[]): void;
  output(realm: Realm, stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  online(realm: Realm): void;
  exited(realm: Realm, exit: ThreadExit): void;
}

/** Starts an empty one. Throws if there can be no such thread. */
export function openRealm(
  bootFile: string,
  program: RealmProgram,
  { id, name, shared, maxHeap }: RealmOptions,
  events: RealmEvents,
): Realm {
  const buffer = createCreditsBuffer();
  let online = false;
  const thread = startThread({
    bootFile,
    program,
    realm: { realm: id, shared, credits: buffer },
    name,
    maxHeap,
    received: (messages) => events.received(realm, messages),
    output: (stream, chunk) => events.output(realm, stream, chunk),
    online() {
      online = true;
      events.online(realm);
    },
    exited: (exit) => events.exited(realm, exit),
  });
  const realm: Realm = {
    id,
    threadId: thread.threadId,
    shared,
    residents: new Map(),
    credits: openCredits(buffer),
    globs: [],
    delivered: 0,
    peers: new Set(),
    routed: false,
    tid: null,
    ending: false,
    cause: null,
    isOnline: () => online,
    post: thread.post,
    terminate(cause) {
      realm.ending = true;
      realm.cause ??= cause ?? null;
      thread.terminate();
    },
    wrote: thread.wrote,
  };
  return realm;
}
