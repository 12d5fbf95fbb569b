import { availableParallelism } from 'node:os';
import { MusterError } from '../../../model/error.ts';
import type { Place, Start } from '../../protocol.ts';
import type { Realm, RealmOptions, Resident } from './realm.ts';
import { createSpares } from './spares.ts';

/** Decides in which realm a module lives, and keeps the realms that several share. */
export interface Placement {
  /** Throws a MusterError where there can be no further thread. */
  realmFor(place: Place, start: Pick<Start, 'name' | 'maxHeap'>): Realm;
  online(realm: Realm): void;
  /** A module has left it; the last one leaves it empty. */
  left(realm: Realm): void;
  exited(realm: Realm): void;
}

export interface PlacementOptions {
  open(options: Omit<RealmOptions, 'id'>): Realm;
  resident(id: number): Resident | undefined;
}

/** Two at least, so that a module that hangs does not hold up all that share. */
const poolSize = Math.min(8, Math.max(2, availableParallelism()));
/** A shared thread stays for a reload, and for the next run. */
const emptyMs = 10_000;

export function createPlacement({ open, resident }: PlacementOptions): Placement {
  const booting = new Set<Realm>();
  const groups = new Map<string, Realm>();
  const pool = new Set<Realm>();
  const empty = new Map<Realm, NodeJS.Timeout>();
  const owned = new Set<Realm>();
  let mostOwned = 0;
  const spares = createSpares({ open: openSpare, isQuiet: () => booting.size === 0, most: () => mostOwned });

  function openHere(options: Omit<RealmOptions, 'id'>): Realm {
    const realm = open(options);
    booting.add(realm);
    return realm;
  }

  function openSpare(): Realm | undefined {
    try {
      return openHere({ name: 'spare', shared: false, maxHeap: null });
    } catch {
      return undefined; // there is no room for it; who needs a thread is told so
    }
  }

  function own({ name, maxHeap }: Pick<Start, 'name' | 'maxHeap'>): Realm {
    const realm = (maxHeap === null ? spares.take() : undefined) ?? openHere({ name, shared: false, maxHeap });
    owned.add(realm);
    mostOwned = Math.max(mostOwned, owned.size);
    spares.touch();
    return realm;
  }

  function ofGroup(group: string): Realm {
    const known = groups.get(group);
    if (known !== undefined && !known.ending) return known;
    const realm = openHere({ name: `group ${group}`, shared: true, maxHeap: null });
    groups.set(group, realm);
    return realm;
  }

  function ofPool(): Realm {
    if (pool.size < poolSize) {
      const realm = openHere({ name: `shared ${pool.size}`, shared: true, maxHeap: null });
      pool.add(realm);
      return realm;
    }
    return [...pool].reduce((least, realm) => (realm.residents.size < least.residents.size ? realm : least));
  }

  function ofHost(host: number): Realm {
    const found = resident(host)?.realm;
    if (found === undefined || found.ending) throw new MusterError('EHOSTUNREACH', 'the service that was to load it has ended');
    return found;
  }

  function endEmpty(realm: Realm): void {
    empty.delete(realm);
    if (realm.residents.size === 0) realm.terminate();
  }

  function forget(realm: Realm): void {
    clearTimeout(empty.get(realm));
    empty.delete(realm);
    pool.delete(realm);
    owned.delete(realm);
    spares.lost(realm);
    for (const [group, known] of groups) if (known === realm) groups.delete(group);
  }

  return {
    realmFor(place, start) {
      for (const realm of pool) if (realm.ending) pool.delete(realm);
      switch (place.type) {
        case 'own':
          return own(start);
        case 'pool':
          return ofPool();
        case 'group':
          return ofGroup(place.group);
        case 'host':
          return ofHost(place.host);
      }
    },
    online: (realm) => void booting.delete(realm),
    left(realm) {
      if (realm.residents.size > 0) return;
      if (!realm.shared) return realm.terminate();
      empty.set(realm, (empty.get(realm) ?? setTimeout(() => endEmpty(realm), emptyMs).unref()).refresh());
    },
    exited(realm) {
      booting.delete(realm);
      forget(realm);
    },
  };
}
