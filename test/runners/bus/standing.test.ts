import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Packet } from '../../../src/model/bus.ts';
import type { Incoming } from '../../../src/model/context.ts';
import { postTo, type SendingSide } from '../../../src/runners/inside/bus/port.ts';
import { createTallyBuffer, openTally } from '../../../src/runners/inside/tally.ts';
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

/** Requests that the handler leaves open. */
function open(member: Member): { requests: Incoming[]; answer: ((value: unknown) => void)[] } {
  const requests: Incoming[] = [];
  const answer: ((value: unknown) => void)[] = [];
  member.bus.handle('open', (request) => {
    requests.push(request);
    return new Promise((resolve) => answer.push(resolve));
  });
  return { requests, answer };
}

test('idle resolves when what was begun with is answered, and the asker has the answer', async () => {
  const { answer } = open(server);
  const asked = asker.bus.request('server.open');
  await until(() => expect(answer.length).toBe(1));
  server.bus.quiesce();
  let idle = false;
  const waiting = server.bus.idle().then(() => {
    idle = true;
  });
  await settle();
  expect(idle).toBe(false);
  answer[0]?.('done');
  await waiting;
  expect(await asked).toBe('done');
});

test('a module that is stopping refuses with ENOSYS, answers what it has begun and what waited, and aborts signals', async () => {
  const late = world.join(server.realm, 'late', { ready: false });
  late.bus.handle('hello', () => 'hello');
  const waited = asker.bus.request('late.hello');
  const { requests, answer } = open(server);
  const begun = asker.bus.request('server.open');
  await until(() => expect([answer.length, late.meter.read().queued]).toEqual([1, 1]));
  await settle(); // it is counted when it goes, and what comes later is new
  const signal = requests[0]?.signal;
  late.bus.finalizing();
  server.bus.finalizing();
  expect(await waited).toBe('hello');
  expect(signal?.aborted).toBe(true);
  expect((await refusal(asker.bus.request('server.open'))).code).toBe('ENOSYS');
  expect((await refusal(asker.bus.request('server.ping'))).code).toBe('ENOSYS');
  answer[0]?.('late answer');
  expect(await begun).toBe('late answer');
});

test('what waited for a module that ends before it serves anything goes on to whoever comes after it', async () => {
  const first = world.join(server.realm, 'late', { ready: false });
  const waited = asker.bus.request('late.hello');
  await until(() => expect(first.meter.read().queued).toBe(1));
  await settle();
  const underway = asker.bus.request('late.hello');
  await until(() => expect(first.meter.read().queued).toBe(2));
  const second = world.join(server.realm, 'late');
  second.bus.handle('hello', () => 'hello');
  first.bus.finalizing();
  expect(await Promise.all([waited, underway])).toEqual(['hello', 'hello']);
  expect(first.meter.read().queued).toBe(0);
});

test('the signal of a request is aborted also where it is first looked at after that', async () => {
  const { requests, answer } = open(server);
  const asked = asker.bus.request('server.open');
  await until(() => expect(requests.length).toBe(1));
  server.bus.finalizing();
  expect(requests[0]?.signal.aborted).toBe(true);
  answer[0]?.(1);
  await asked;
});

test('when a module leaves nothing stays without an answer', async () => {
  const late = world.join(server.realm, 'late', { ready: false });
  const { answer } = open(server);
  const begun = refusal(asker.bus.request('server.open'));
  const waits = refusal(asker.bus.request('late.x'));
  const own = refusal(server.bus.request('late.y'));
  await until(() => expect([answer.length, late.meter.read().queued]).toEqual([1, 2]));
  await settle();
  world.leave(server);
  world.leave(late);
  expect(await begun).toEqual({ code: 'EHOSTUNREACH', message: 'server.open: server is gone' });
  expect((await waits).code).toBe('EHOSTUNREACH');
  expect((await own).code).toBe('ECANCELED');
  answer[0]?.('too late');
  await settle();
  expect(late.meter.read().queued).toBe(0);
});

test('nothing of a module is called after it left, and what it calls itself comes to nothing', async () => {
  const heard: unknown[] = [];
  server.bus.handle('note', () => void heard.push('request'));
  server.bus.subscribe('*', () => void heard.push('event'));
  await settle();
  world.leave(server);
  server.bus.publish('a.b');
  server.bus.handle('note', () => void heard.push('again'));
  server.bus.subscribe('*', () => void heard.push('again'))();
  expect((await refusal(server.bus.request('asker.ping'))).code).toBe('ECANCELED');
  expect((await refusal(server.bus.register('more'))).code).toBe('ECANCELED');
  await expect(server.bus.stream('asker.ping')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ECANCELED' });
  asker.bus.publish('c.d');
  await refusal(asker.bus.request('server.note'));
  await settle();
  expect(heard).toEqual([]);
  server.bus.leave();
});

test('rejections of requests that nobody listens to any more do not end a shared thread', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note);
  const { answer } = open(asker);
  void server.bus.request('asker.open');
  await until(() => expect(answer.length).toBe(1));
  world.leave(server);
  await settle();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('a module hears of an asker that is gone, and what that had open is aborted', async () => {
  const { requests } = open(server);
  const left: string[] = [];
  server.bus.handle('disconnect', ({ from }) => void left.push(from));
  const asked = refusal(asker.bus.request('server.open'));
  await until(() => expect(requests.length).toBe(1));
  const signal = requests[0]?.signal;
  server.realm.packets([['disconnect', server.address, asker.address, 'asker']]);
  expect(left).toEqual(['asker']);
  expect(signal?.aborted).toBe(true);
  expect((await refusal(asker.bus.request('server.disconnect'))).code).toBe('ENOSYS');
  world.leave(asker);
  expect((await asked).code).toBe('ECANCELED');
});

test('a handler of disconnect that throws is a failure of its module', async () => {
  server.bus.handle('disconnect', async () => {
    throw new Error('oh');
  });
  server.realm.packets([['disconnect', server.address, 77, 'client']]);
  await settle();
  expect(server.failures).toHaveLength(1);
});

test('the queue of a module ends at zero, whatever becomes of its requests', async () => {
  const late = world.join(server.realm, 'late', { ready: false });
  late.bus.handle('x', () => 1);
  const abort = new AbortController();
  const asked = [
    asker.bus.request('late.x'),
    asker.bus.request('late.x', 1, { signal: abort.signal }),
    asker.bus.request('late.x', 1, { timeout: 20 }),
    server.bus.request('late.x'),
    server.bus.request('late.x', 1, { timeout: 20 }),
  ].map((one) => one.catch(({ code }) => code));
  abort.abort();
  expect(await Promise.all([1, 2, 4].map((at) => asked[at]))).toEqual(['ECANCELED', 'ETIMEDOUT', 'ETIMEDOUT']);
  await until(() => expect(late.meter.read().queued).toBe(2));
  late.bus.quiesce();
  await until(() => expect(late.meter.read().queued).toBe(0));
  late.bus.resume();
  late.bus.ready();
  expect(await Promise.all(asked)).toEqual([1, 'ECANCELED', 'ETIMEDOUT', 1, 'ETIMEDOUT']);
  expect(late.meter.read().queued).toBe(0);
});

test('what a thread had counted and not sent when it was ended is taken off the queue', async () => {
  const { port1, port2 } = new MessageChannel();
  const [sent, received] = [createTallyBuffer(), createTallyBuffer()];
  server.realm.bus.peer({ realm: 99, port: port1, sent, received });
  const late = world.join(server.realm, 'late', { ready: false });
  const request = (to: Member): Packet => ['request', to.address, 77, 1, 'late', 'late.hello', null, 'ended'];
  const side: SendingSide = { port: port2, tally: openTally(received), refuse() {} };
  postTo(side, [request(late), request(server)], [late.meter, server.meter]);
  postTo({ ...side, port: { postMessage() {} } }, [request(late), request(late), request(server)], [late.meter, late.meter, server.meter]);
  port2.close();
  await until(() => expect([late.meter.read().queued, server.meter.read().queued]).toEqual([1, 0]));
});
