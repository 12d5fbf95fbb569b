import { createMeters } from '../../../../src/runners/inside/hub/meters.ts';
import type { Realm, Resident } from '../../../../src/runners/inside/hub/realm.ts';
import { createCreditsBuffer, openCredits } from '../../../../src/runners/inside/meter.ts';
import type { FromRunner, ToRealm } from '../../../../src/runners/protocol.ts';

export interface TestRealm extends Realm {
  readonly got: ToRealm[];
}

/** The tables of a hub with realms that only note what is posted to them. */
export function createTables() {
  const realms = new Map<number, Realm>();
  const residents = new Map<number, Resident>();
  const said: FromRunner[] = [];
  const meters = createMeters();

  function realm(): TestRealm {
    const got: ToRealm[] = [];
    const made: TestRealm = {
      got,
      id: realms.size + 1,
      threadId: realms.size + 1,
      shared: false,
      residents: new Map(),
      credits: openCredits(createCreditsBuffer()),
      globs: [],
      delivered: 0,
      peers: new Set(),
      routed: false,
      tid: null,
      ending: false,
      cause: null,
      isOnline: () => true,
      post: (message) => void got.push(message),
      terminate() {},
      wrote() {},
    };
    realms.set(made.id, made);
    return made;
  }

  function resident(where: Realm, id: number): Resident {
    const made: Resident = {
      id,
      name: `m${id}`,
      realm: where,
      metered: meters.lease(),
      host: null,
      started: true,
      killed: false,
      settled: null,
    };
    residents.set(id, made);
    where.residents.set(id, made);
    return made;
  }

  return { realms, residents, said, post: (message: FromRunner) => void said.push(message), realm, resident };
}
