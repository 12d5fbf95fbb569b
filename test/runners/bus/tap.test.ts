import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type Member, refusal, settle, until, type World } from './setting.ts';

let world: World;
let asker: Member;
let server: Member;
beforeEach(() => {
  world = createWorld();
  asker = world.join(world.realm(), 'asker');
  server = world.join(world.realm(), 'server');
});
afterEach(() => world[Symbol.dispose]());

function trace(payloads: boolean): void {
  for (const { realm } of [asker, server]) realm.bus.tracing({ payloads });
}

test('nothing is told while nobody traces', async () => {
  await asker.bus.request('server.ping');
  trace(true);
  trace(false);
  for (const { realm } of [asker, server]) realm.bus.tracing(null);
  await asker.bus.request('server.ping');
  await settle();
  expect(world.traced).toEqual([]);
});

test('a request and its response are told once, by who serves it', async () => {
  trace(false);
  await asker.bus.request('server.ping', 'x');
  await refusal(asker.bus.request('server.none'));
  await settle();
  const way = { topic: 'server.ping', at: expect.any(Number), size: expect.any(Number) };
  expect(world.traced).toEqual([
    { ...way, type: 'request', from: asker.address, to: server.address },
    { ...way, type: 'response', from: server.address, to: asker.address },
    { ...way, topic: 'server.none', type: 'request', from: asker.address, to: server.address },
    { ...way, topic: 'server.none', type: 'response', from: server.address, to: asker.address, error: 'ENOSYS' },
  ]);
});

test('payloads are told where they are wanted, as they were', async () => {
  server.bus.handle('fill', ({ payload }) => {
    payload.full = true;
    return 'done';
  });
  trace(true);
  await asker.bus.request('server.fill', { full: false });
  await settle();
  expect(world.traced.map(({ payload }) => payload)).toEqual([{ full: false }, 'done']);
});

test('parts are told with more, an event when it is published and where it arrives', async () => {
  server.bus.handle('parts', function* () {
    yield 1;
    yield 2;
  });
  server.bus.subscribe('a.*', () => {});
  await settle();
  trace(false);
  for await (const _ of asker.bus.stream('server.parts'));
  asker.bus.publish('a.b');
  await until(() => expect(world.traced.length).toBe(6));
  expect(world.traced.map(({ type, more, to }) => [type, more, to])).toEqual([
    ['request', undefined, server.address],
    ['response', true, asker.address],
    ['response', true, asker.address],
    ['response', undefined, asker.address],
    ['event', undefined, null],
    ['event', undefined, server.address],
  ]);
});

test('what is told of one turn is bounded, the rest is counted', async () => {
  trace(false);
  for (let n = 0; n < 3000; n++) asker.bus.publish('a.b');
  await settle();
  const told = asker.realm.posted.flatMap((message) => (message.type === 'traced' ? [message] : []));
  expect(told.reduce((sum, { records }) => sum + records.length, 0)).toBe(1024);
  expect(told.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(1976);
});
