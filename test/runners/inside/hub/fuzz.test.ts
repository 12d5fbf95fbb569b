import { expect, test } from 'vitest';
import { createEvents } from '../../../../src/runners/inside/hub/events.ts';
import { createFigures } from '../../../../src/runners/inside/hub/figures.ts';
import { isFromRealm } from '../../../../src/runners/inside/hub/incoming.ts';
import { createPackets } from '../../../../src/runners/inside/hub/packets.ts';
import { createRoutes } from '../../../../src/runners/inside/hub/routes.ts';
import type { FromRealm } from '../../../../src/runners/protocol.ts';
import { seeded } from '../../../support/seeded.ts';
import { createTables } from './realms.ts';

const messagesInAll = 100_000;
const types = [
  ...['started', 'fromModule', 'output', 'settled', 'ownStats', 'resolve', 'waiting', 'register', 'subscribed', 'packets', 'sealed'],
  ...['events', 'traced', 'compiled', 'none', '__proto__', 'constructor', '', 7, null],
];
const fields = [
  ...['id', 'tid', 'message', 'stream', 'chunk', 'reason', 'thrown', 'call', 'stats', 'from', 'prefix', 'count', 'service', 'globs'],
  ...['packets', 'events', 'records', 'dropped', 'code', 'to', 'requests', 'content'],
];
const values: readonly unknown[] = [
  ...[undefined, null, -1, 0, 1, 2, 1.5, Number.NaN, 2 ** 53, '', 'a.b', '*', true, 10n, {}, [], [[]], [null], ['*'], [1, 'a.b', 1, 'x']],
  ...[[[1, 'a.b', 1, 'x']], [['request', 2, 1, 1, 'm2', 'm2.x', 0, 'm1']], new Uint8Array(3), new Uint8Array(0), new Map()],
  ...[{ type: 'ready' }, { type: 'status', level: 7 }, { type: 'saved', call: 1, state: null, thrown: null }, { type: '__proto__' }],
];

test('messages of a realm that are none, or lie, neither throw in the hub nor keep it from passing on the next one', () => {
  const random = seeded(20_261_121);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const tables = createTables();
  const [one, two] = [tables.realm(), tables.realm()];
  tables.resident(one, 1);
  tables.resident(two, 2);
  const [routes, packets, events, figures] = [createRoutes(tables), createPackets(tables), createEvents(tables), createFigures(tables)];

  function receive(message: FromRealm): void {
    if (message.type === 'resolve') routes.resolve(one, message);
    else if (message.type === 'register') routes.register(one, message);
    else if (message.type === 'subscribed') events.subscribed(one, message.globs);
    else if (message.type === 'events') events.published(one, message.events);
    else if (message.type === 'sealed') packets.fromRealm(message);
    else if (message.type === 'ownStats') figures.ownStats(message);
  }

  let believed = 0;
  for (let n = 0; n < messagesInAll; n++) {
    const message: unknown =
      random.next() < 0.05 ? pick(values) : Object.fromEntries([['type', pick(types)], ...fields.map((field) => [field, pick(values)])]);
    if (!isFromRealm(message)) continue;
    believed += 1;
    receive(message);
    one.got.length = 0;
    two.got.length = 0;
    tables.said.length = 0;
  }
  expect(believed).toBeGreaterThan(messagesInAll / 1000);
  events.subscribed(two, ['still.*']);
  events.published(one, [[1, 'still.here', 1, 'm1']]);
  expect(two.got).toEqual([{ type: 'events', events: [[1, 'still.here', 1, 'm1']] }]);
});
