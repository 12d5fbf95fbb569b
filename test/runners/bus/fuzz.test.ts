import { serialize } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address, EventPacket, Packet } from '../../../src/model/bus.ts';
import { pack, unpack } from '../../../src/runners/inside/bus/wire.ts';
import { createTallyBuffer } from '../../../src/runners/inside/tally.ts';
import type { RouteHere } from '../../../src/runners/protocol.ts';
import { seeded } from '../../support/seeded.ts';
import { createWorld, type Member, settle, type TestRealm, until, type World } from './setting.ts';

const packetsInAll = 100_000;
const atOnce = 500;

let world: World;
let asker: Member;
let server: Member;
beforeEach(() => {
  world = createWorld();
  asker = world.join(world.realm(), 'asker');
  server = world.join(world.realm(), 'server');
  server.bus.handle('echo', ({ payload }) => payload);
  server.bus.handle('later', async ({ signal }) => signal.aborted);
  server.bus.handle('hang', () => new Promise(() => {}));
  server.bus.handle('parts', async function* () {
    for (let n = 0; n < 100; n++) yield n;
  });
});
afterEach(() => world[Symbol.dispose]());

/** Packets of which each field may be right, nearly right or anything. */
function hostile(seed: number): () => unknown {
  const random = seeded(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const anything = (): unknown =>
    pick<unknown>([
      undefined,
      null,
      -1,
      0,
      1,
      2,
      3,
      1.5,
      Number.NaN,
      2 ** 53,
      '',
      'x',
      {},
      [],
      [[]],
      true,
      new Map(),
      new Uint8Array(3),
      10n,
      new Error('x'),
    ]);
  const kinds = ['request', 'answer', 'part', 'failure', 'moved', 'cancel', 'credit', 'disconnect'];
  const field = (right: unknown): unknown => (random.next() < 0.85 ? right : anything());
  return () => {
    if (random.next() < 0.03) return anything();
    const method = pick([
      'echo',
      'later',
      'hang',
      'parts',
      'ping',
      'stats',
      'debug',
      'rusage',
      'shutdown',
      'none',
      '',
      '__proto__',
      'constructor',
    ]);
    const kind = field(pick(kinds));
    const address = () => pick([1, 2, 2, 2, 3, -5]);
    const id = field(Math.floor(random.next() * 2000));
    const head = [kind, field(address()), field(address()), id];
    if (kind === 'request') return [...head, field('server'), field(`server.${method}`), anything(), field('somebody')];
    if (kind === 'failure') return [...head, field({ code: 'EX', message: 'x' })];
    if (kind === 'credit') return [...head, field(pick([1, 16, 64, 1e9, -3]))];
    return [...head, anything(), anything(), ...(random.next() < 0.05 ? [anything(), anything()] : [])];
  };
}

/** Each sealed as from and to whom it says, as far as it says any. */
function sendAll(realms: readonly TestRealm[], packets: readonly unknown[]): void {
  const ways = new Map<string, unknown[]>();
  for (const packet of packets) {
    const way = Array.isArray(packet) ? `${typeof packet[1]} ${String(packet[1])} ${String(packet[2])}` : '';
    if (!ways.get(way)?.push(packet)) ways.set(way, [packet]);
  }
  for (const [first, ...others] of ways.values()) {
    const [, to, from] = Array.isArray(first) ? first : [];
    for (const realm of realms) sendContent(realm, [first, ...others], to, from);
  }
}

/** What begins a packet that stands in a batch as it is. */
const asItIs = 3;

function sendContent(realm: TestRealm, content: unknown, to: unknown = 2, from: unknown = 1): void {
  const flat = Array.isArray(content) ? content.flatMap((packet) => [asItIs, packet]) : content;
  realm.bus.sealed({ type: 'sealed', to: to as Address, from: from as Address, requests: 0, content: serialize(flat) });
}

test('packets that are none, or lie, do a realm no harm, and it goes on serving', async () => {
  const packet = hostile(20_261_121);
  for (let sent = 0; sent < packetsInAll; sent += atOnce) {
    const batch = Array.from({ length: atOnce }, packet);
    sendAll([server.realm, asker.realm], batch);
    await settle(1);
  }
  for (const content of ['', 'text', '[', '[3,[', '[3]', '{}', '[3,["request",2,-1]]'])
    for (const from of [1, -1]) server.realm.bus.sealed({ type: 'sealed', to: 2, from, requests: 0, content });
  for (const content of [undefined, null, 7, 'text', {}, [], new Array(100_000)]) sendContent(server.realm, content);
  const random = seeded(3);
  for (let sent = 0; sent < 1000; sent++) {
    const bytes = Uint8Array.from({ length: Math.floor(random.next() * 100) }, () => Math.floor(random.next() * 256));
    server.realm.bus.sealed({ type: 'sealed', to: 2, from: 1, requests: 0, content: bytes });
    bytes.set([0xff, 0x0f].slice(0, bytes.length));
    server.realm.bus.sealed({ type: 'sealed', to: 2, from: 1, requests: 0, content: bytes });
  }
  await settle();
  expect(await asker.bus.request('server.echo', 'still here')).toBe('still here');
  expect(server.failures).toEqual([]);
  expect(server.meter.read().queued).toBe(0);
});

test('requests under way have an end each while lies about them arrive', async () => {
  const random = seeded(7);
  const ends = Array.from({ length: 2000 }, (_, n) =>
    asker.bus.request(n % 2 === 0 ? 'server.echo' : 'server.later', n, { timeout: 10_000 }),
  );
  const settled = Promise.allSettled(ends);
  const packet = hostile(7);
  for (let round = 0; round < 20; round++) {
    const lies = Array.from({ length: 200 }, packet).filter((one) => Array.isArray(one) && one[0] !== 'request');
    sendAll([asker.realm], lies);
    asker.realm.bus.route(Math.floor(random.next() * 10), { error: { code: 'EX', message: 'x' } });
    asker.realm.bus.gone(Math.floor(random.next() * 3) + 3, 'x');
    await settle(1);
  }
  expect((await settled).length).toBe(2000);
});

test('events that are none are passed over', async () => {
  const heard: unknown[] = [];
  asker.bus.subscribe('*', (event) => void heard.push(event));
  const events = [null, 7, [], [1], [1, 2, 3], ['x', 'a.b'], {}, [1, 'a.b', 1, null]];
  asker.realm.bus.events(events as unknown as EventPacket[]);
  for (const none of [null, 7, 'x', {}]) asker.realm.bus.events(none as never);
  expect(heard).toEqual([{ topic: 'a.b', payload: 1, from: 'null' }]);
  expect(asker.realm.credits.delivered.read()).toBe(events.length);
});

test('what comes over a port is not believed either', async () => {
  const { port1, port2 } = new MessageChannel();
  server.realm.bus.peer({ realm: 99, port: port1, sent: createTallyBuffer(), received: createTallyBuffer() });
  const packet = hostile(99);
  for (let sent = 0; sent < packetsInAll / 10; sent += atOnce) {
    const batch = Array.from({ length: atOnce }, packet).filter((one): one is unknown[] => Array.isArray(one));
    port2.postMessage(pack(batch as unknown as Packet[]));
    port2.postMessage(batch.flat());
    await settle(1);
  }
  for (const posted of [null, 7, 'x', { muster: [] }, [[[]]], [0], [3], [3, null], [0, 1]]) port2.postMessage(posted);
  const id = 123_456;
  const answered = new Promise<unknown>((resolve) => {
    port2.on('message', (flat: unknown) => {
      const mine = unpack(flat).find((one) => Array.isArray(one) && one[3] === id);
      if (mine !== undefined) resolve(mine);
    });
  });
  port2.postMessage(pack([['request', server.address, 50, id, 'server', 'server.echo', 'by port', 'x']]));
  expect(await answered).toEqual(['answer', 50, server.address, id, 'by port']);
  port1.close();
});

test('a route that is told twice, or to nobody, changes nothing', async () => {
  const route: RouteHere = { service: 'server', address: 999, via: { type: 'realm', realm: 42, meter: server.place } };
  for (let call = 0; call < 5; call++) asker.realm.bus.route(call, route);
  asker.realm.bus.registered(1, null);
  const answer = asker.bus.request('server.echo', 1);
  await until(() => expect(asker.meter.read().rx.response).toBe(1));
  asker.realm.bus.route(1, route);
  expect(await answer).toBe(1);
  expect(await asker.bus.request('server.echo', 2)).toBe(2);
});
