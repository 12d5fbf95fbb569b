import type { Address } from '../../../model/bus.ts';
import { MusterError, messageOf } from '../../../model/error.ts';
import type { FromRealm, FromRunner, ToModule, ToRunner } from '../../protocol.ts';
import type { ThreadExit } from '../thread.ts';
import { becauseOfAnother, type End, endOfSettled, endWithRealm, failed, terminated } from './ends.ts';
import type { Meters } from './meters.ts';
import type { Placement } from './placement.ts';
import type { Realm, Resident } from './realm.ts';

/** Starts and ends the modules of a runner. */
export interface Lives {
  start(message: Extract<ToRunner, { type: 'start' }>): void;
  /** Ends it by force; others in its thread are spared if its realm can do it alone. */
  kill(id: Address): void;
  tell(id: Address, message: ToModule): void;
  wrote(id: Address, bytes: number): void;
  started(realm: Realm, message: Extract<FromRealm, { type: 'started' }>): void;
  settled(realm: Realm, message: Extract<FromRealm, { type: 'settled' }>): void;
  output(realm: Realm, stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  exited(realm: Realm, exit: ThreadExit): void;
}

export interface LivesOptions {
  readonly residents: Map<Address, Resident>;
  readonly meters: Meters;
  readonly placement: Placement;
  post(message: FromRunner): void;
}

/** What a realm that is not hung needs to let go of one of its modules. */
const abandonMs = 500;

export function createLives({ residents, meters, placement, post }: LivesOptions): Lives {
  function begin({ id, place, start }: Extract<ToRunner, { type: 'start' }>): void {
    const realm = placement.realmFor(place, start);
    const metered = meters.lease();
    const host = place.type === 'host' ? (residents.get(place.host) ?? null) : null;
    const resident: Resident = { id, name: start.name, realm, metered, host, started: false, killed: false, settled: null };
    residents.set(id, resident);
    realm.residents.set(id, resident);
    realm.post({ type: 'start', id, start, meter: metered.place, hosted: host !== null });
  }

  /** Nothing of it is left. */
  function leave(resident: Resident, end: End): void {
    const { id, realm, metered } = resident;
    residents.delete(id);
    realm.residents.delete(id);
    meters.release(metered);
    post({ type: 'ended', id, ...end });
    for (const other of [...realm.residents.values()]) if (other.host === resident && !realm.ending) endHosted(other, resident);
  }

  /** Its host has ended, though their thread lives on. */
  function endHosted(resident: Resident, host: Resident): void {
    resident.realm.post({ type: 'abandon', id: resident.id });
    leave(resident, becauseOfAnother(`its service ${host.name} ended`));
  }

  function abandon(resident: Resident): void {
    const { id, realm } = resident;
    realm.post({ type: 'abandon', id });
    if (!resident.started) {
      leaveRealm(resident, terminated);
      return;
    }
    setTimeout(() => {
      if (residents.get(id) === resident) realm.terminate(`its thread was ended because "${resident.name}" could not be stopped`);
    }, abandonMs);
  }

  function leaveRealm(resident: Resident, end: End): void {
    leave(resident, end);
    placement.left(resident.realm);
  }

  return {
    start(message) {
      try {
        begin(message);
      } catch (error) {
        const { code, hint } = error instanceof MusterError ? error : { code: 'EFAILED' as const, hint: undefined };
        post({ type: 'ended', id: message.id, ...failed(messageOf(error), code, hint) });
      }
    },
    kill(id) {
      const resident = residents.get(id);
      if (resident === undefined || resident.killed) return;
      resident.killed = true;
      const { realm } = resident;
      const spared = [...realm.residents.values()].some((other) => !other.killed && !hosts(resident, other));
      if (spared) abandon(resident);
      else realm.terminate();
    },
    tell(id, message) {
      const resident = residents.get(id);
      if (resident === undefined) return;
      if (message.type === 'rename') resident.name = message.name;
      resident.realm.post({ type: 'toModule', id, message });
    },
    wrote(id, bytes) {
      const resident = residents.get(id);
      if (resident === undefined) return;
      if (isAlone(resident)) resident.realm.wrote(bytes);
      else resident.realm.post({ type: 'wrote', id, bytes });
    },
    started(realm, { id, tid }) {
      const resident = realm.residents.get(id);
      if (resident === undefined) return;
      resident.started = true;
      realm.tid = tid;
      post({ type: 'started', id, threadId: realm.threadId });
    },
    settled(realm, message) {
      const resident = realm.residents.get(message.id);
      if (resident === undefined) return;
      resident.settled = message;
      // With a thread of its own it is gone when that is.
      if (isAlone(resident)) realm.terminate();
      else leaveRealm(resident, resident.killed ? terminated : endOfSettled(message));
    },
    output(realm, stream, chunk) {
      const [first] = realm.residents.values();
      if (first !== undefined && isAlone(first)) return post({ type: 'output', id: first.id, stream, chunk });
      // Nobody knows whose it is.
      process.stderr.write(chunk);
      realm.wrote(chunk.length);
    },
    exited(realm, exit) {
      realm.ending = true;
      const among = realm.residents.size > 1;
      for (const resident of [...realm.residents.values()]) leave(resident, endWithRealm(resident, exit, among));
    },
  };
}

/** It has the thread for itself, but for those that it hosts. */
function isAlone({ realm, host }: Resident): boolean {
  return !realm.shared && host === null;
}

/** Whether the other ends with it. */
function hosts(resident: Resident, { host }: Resident): boolean {
  return host !== null && (host === resident || hosts(resident, host));
}
