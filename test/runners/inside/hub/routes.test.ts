import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import type { Packet } from '../../../../src/model/bus.ts';
import { isSealed, type Sealed } from '../../../../src/model/sealed.ts';
import { createPackets } from '../../../../src/runners/inside/hub/packets.ts';
import { createRoutes } from '../../../../src/runners/inside/hub/routes.ts';
import { open, seal } from '../../../../src/runners/inside/seal.ts';
import { createTables, type TestRealm } from './realms.ts';

const sealAll = (packets: readonly Packet[]): Sealed[] => seal(packets, () => {});
const opened = (messages: readonly { readonly type: string }[]): Packet[][] =>
  messages.flatMap((message) => (isSealed(message) ? [open(message)] : []));

/** The port to another realm that a realm was given. */
function portOf(realm: TestRealm): MessagePort {
  const peer = realm.got.find((message) => message.type === 'peer');
  if (peer === undefined) throw new Error('it has no port');
  onTestFinished(() => peer.port.close());
  return peer.port;
}

test('two realms are introduced once, before the first route, and talk without the main thread', async () => {
  const tables = createTables();
  const [a, b] = [tables.realm(), tables.realm()];
  const callee = tables.resident(b, 5);
  const routes = createRoutes(tables);
  routes.resolve(a, { type: 'resolve', from: 1, call: 1, prefix: 'b' });
  routes.resolve(b, { type: 'resolve', from: 5, call: 1, prefix: 'b.c' });
  expect(tables.said).toEqual([
    { type: 'resolve', from: 1, call: 1, prefix: 'b' },
    { type: 'resolve', from: 5, call: 2, prefix: 'b.c' },
  ]);
  routes.route({ type: 'route', call: 2, route: { service: 'b', address: 5 } });
  expect(b.got).toEqual([{ type: 'route', call: 1, route: { service: 'b', address: 5, via: { type: 'here' } } }]);
  routes.route({ type: 'route', call: 1, route: { service: 'b', address: 5 } });
  routes.resolve(a, { type: 'resolve', from: 1, call: 2, prefix: 'b' });
  routes.route({ type: 'route', call: 3, route: { service: 'b', address: 5 } });
  expect(a.got.map(({ type }) => type)).toEqual(['peer', 'route', 'route']);
  expect(a.got[1]).toMatchObject({ call: 1, route: { via: { type: 'realm', realm: b.id, meter: callee.metered.place } } });
  const heard = once(portOf(b), 'message');
  portOf(a).postMessage('hello');
  expect(await heard).toEqual(['hello']);
});

test('what is elsewhere is reached over the daemon, and an error stays one', () => {
  const tables = createTables();
  const a = tables.realm();
  const routes = createRoutes(tables);
  routes.resolve(a, { type: 'resolve', from: 1, call: 7, prefix: 'b' });
  routes.resolve(a, { type: 'resolve', from: 1, call: 8, prefix: 'c' });
  routes.route({ type: 'route', call: 1, route: { service: 'b', address: 50 } });
  routes.route({ type: 'route', call: 2, route: { error: { code: 'ENOSYS', message: 'nobody' } } });
  routes.route({ type: 'route', call: 2, route: { service: 'b', address: 50 } });
  expect(a.got).toEqual([
    { type: 'route', call: 7, route: { service: 'b', address: 50, via: { type: 'relay' } } },
    { type: 'route', call: 8, route: { error: { code: 'ENOSYS', message: 'nobody' } } },
  ]);
});

test('realms that have asked for routes hear of changes, and what an ended one asked is forgotten', () => {
  const tables = createTables();
  const [a, b] = [tables.realm(), tables.realm()];
  const routes = createRoutes(tables);
  routes.resolve(a, { type: 'resolve', from: 1, call: 1, prefix: 'b' });
  routes.register(b, { type: 'register', from: 2, call: 1, service: 's' });
  routes.changed({ type: 'stale', prefixes: ['b'] });
  expect([a.got, b.got]).toEqual([[{ type: 'stale', prefixes: ['b'] }], []]);
  routes.exited(a);
  routes.route({ type: 'route', call: 1, route: { service: 'b', address: 50 } });
  routes.registered({ type: 'registered', call: 2, error: null });
  expect(a.got).toHaveLength(1);
  expect(b.got).toEqual([{ type: 'registered', call: 1, error: null }]);
});

test('packets go to the realm of the module, those for others to the daemon, and requests to one that has ended come back', () => {
  const tables = createTables();
  const [a, b] = [tables.realm(), tables.realm()];
  tables.resident(a, 1);
  const callee = tables.resident(b, 2);
  const packets = createPackets(tables);
  const answer = (to: number): Packet => ['answer', to, 9, 1, null];
  const request = (to: number): Packet => ['request', to, 9, 4, 's', 's.m', 'payload', 'asker'];
  for (const sealed of sealAll([answer(1), answer(2), answer(3), answer(1)])) packets.fromRealm(sealed);
  expect(opened(a.got)).toEqual([[answer(1), answer(1)]]);
  expect(opened(b.got)).toEqual([[answer(2)]]);
  expect(opened(tables.said)).toEqual([[answer(3)]]);
  for (const sealed of sealAll([request(3), answer(3)])) packets.fromDaemon(sealed);
  expect(opened(tables.said)[1]).toEqual([['moved', 9, 3, 4, 's.m', 'payload']]);
  for (const sealed of sealAll([request(2), answer(2), request(2)])) packets.fromDaemon(sealed);
  expect(callee.metered.meter.read().queued).toBe(2);
  packets.back(['failure', 1, 3, 5, { code: 'EBUSY', message: 'x' }]);
  expect(opened(a.got)[1]).toEqual([['failure', 1, 3, 5, { code: 'EBUSY', message: 'x' }]]);
  for (const none of [null, 7, {}, { type: 'sealed', to: 2, from: 9, requests: 1e9, content: new Uint8Array(3) }])
    packets.fromRealm(none as never);
  expect(opened(b.got)).toHaveLength(2);
});
