import { expect, it } from 'vitest';
import type { Packet } from '../../src/model/bus.ts';
import { requestWindow, streamWindow } from '../../src/model/bus.ts';
import { type FakeRunner, listener, setting, turn } from './setting.ts';

/** Requests that reached a runner. */
function requests(runner: FakeRunner): Extract<Packet, { 0: 'request' }>[] {
  return runner.packets().filter((packet) => packet[0] === 'request');
}

/** A client, and a module that it asks. */
function pair() {
  const { bus, clock, runner } = setting();
  const main = runner();
  const server = main.attach('server');
  server.ready();
  return { bus, clock, runner, main, server, client: bus.client() };
}

it('carries a request of a client to a module and the answer back', async () => {
  const { main, server, client } = pair();
  const heard = listener();
  client.ask('server.echo', { text: 'hello' }, heard);
  await turn();
  const [packet] = requests(main);
  expect(packet).toEqual([
    'request',
    server.address,
    expect.any(Number),
    expect.any(Number),
    'server',
    'server.echo',
    { text: 'hello' },
    'client',
  ]);
  const [, , from = 0, id = 0] = packet ?? [];
  expect(from).toBeLessThan(0);
  main.say({ type: 'packets', packets: [['answer', from, server.address, id, 'well']] });
  main.say({ type: 'packets', packets: [['answer', from, server.address, id, 'twice']] });
  expect(heard.ends).toEqual([{ payload: 'well' }]);
});

it('hands on the error that a module answers, and nothing that another module answers in its place', async () => {
  const { main, server, client } = pair();
  const other = main.attach('other');
  const heard = listener();
  client.ask('server.echo', 1, heard);
  await turn();
  const [, , from = 0, id = 0] = requests(main)[0] ?? [];
  main.say({ type: 'packets', packets: [['answer', from, other.address, id, 'forged']] });
  expect(heard.ends).toEqual([]);
  main.say({ type: 'packets', packets: [['failure', from, server.address, id, { code: 'ENOENT', message: 'no such room' }]] });
  expect(heard.ends).toEqual([{ code: 'ENOENT', message: 'no such room' }]);
});

it('asks for more of a stream as the client takes what came, and cancels one that sends more than that', async () => {
  const { main, server, client } = pair();
  let room: () => void = () => {};
  const full = new Promise<void>((resolve) => (room = resolve));
  const heard = listener(() => full);
  client.ask('server.tail', 1, heard);
  await turn();
  const [, , from = 0, id = 0] = requests(main)[0] ?? [];
  const parts = Array.from({ length: streamWindow }, (_, n) => ['part', from, server.address, id, n] as const);
  main.say({ type: 'packets', packets: parts });
  await turn();
  expect(main.packets().filter(([kind]) => kind === 'credit')).toEqual([]);
  room();
  await turn();
  const credits = main.packets().filter((packet) => packet[0] === 'credit');
  expect(credits.reduce((sum, [, , , , count]) => sum + count, 0)).toBe(streamWindow);
  main.say({ type: 'packets', packets: [['answer', from, server.address, id, null, true]] });
  expect(heard.parts).toEqual(parts.map((_, n) => n));
  expect(heard.ends).toEqual([{ payload: undefined }]);

  const flooded = listener(() => new Promise(() => {}));
  client.ask('server.flood', 1, flooded);
  await turn();
  const [, , , floodId = 0] = requests(main).at(-1) ?? [];
  for (let n = 0; n < 10 * streamWindow; n += 1) main.say({ type: 'packets', packets: [['part', from, server.address, floodId, n]] });
  await turn();
  expect(flooded.ends).toMatchObject([{ code: 'EPROTO' }]);
  expect(flooded.parts.length).toBeLessThanOrEqual(2 * streamWindow);
  expect(main.packets().filter(([kind]) => kind === 'cancel')).toEqual([['cancel', server.address, from, floodId]]);
});

it('lets so many requests of one client to one module be under way, the others wait in order, and other clients not at all', async () => {
  const { bus, main, server, client } = pair();
  const heard = Array.from({ length: requestWindow + 10 }, () => listener());
  for (const [n, one] of heard.entries()) client.ask('server.echo', n, one);
  await turn();
  expect(requests(main).length).toBe(requestWindow);
  expect(bus.waiting('server')).toBe(10);
  const second = bus.client();
  second.ask('server.echo', 'other', listener());
  await turn();
  expect(requests(main).at(-1)?.[6]).toBe('other');
  const [, , from = 0, id = 0] = requests(main)[0] ?? [];
  main.say({ type: 'packets', packets: [['answer', from, server.address, id, 0]] });
  await turn();
  expect(requests(main).at(-1)?.[6]).toBe(requestWindow);
});

it('asks the next instance again where one passes a request on', async () => {
  const { bus, main, server, client } = pair();
  const heard = listener();
  client.ask('server.echo', 'x', heard);
  await turn();
  const [, , from = 0, id = 0] = requests(main)[0] ?? [];
  bus.park('server');
  main.say({ type: 'packets', packets: [['moved', from, server.address, id, 'server.echo', 'x']] });
  server.finalizing();
  server.ended();
  await turn();
  expect([heard.ends, requests(main).length, bus.waiting('server')]).toEqual([[], 1, 1]);
  const next = main.attach('server');
  await turn();
  expect(requests(main).at(-1)).toEqual(['request', next.address, from, id, 'server', 'server.echo', 'x', 'client']);
});

it('gives up on a request that goes from instance to instance', async () => {
  const { main, server, client } = pair();
  const heard = listener();
  client.ask('server.echo', 'x', heard);
  for (let moves = 0; moves < 100 && heard.ends.length === 0; moves += 1) {
    await turn();
    const [, , from = 0, id = 0] = requests(main).at(-1) ?? [];
    main.say({ type: 'packets', packets: [['moved', from, server.address, id, 'server.echo', 'x']] });
  }
  expect(heard.ends).toMatchObject([{ code: 'EHOSTUNREACH' }]);
});

it('fails with EHOSTUNREACH at once what a module has not answered when it dies', async () => {
  const { main, server, client } = pair();
  const heard = [listener(), listener()];
  for (const one of heard) client.ask('server.echo', 1, one);
  await turn();
  server.ended();
  for (const one of heard) expect(one.ends).toMatchObject([{ code: 'EHOSTUNREACH' }]);
  main.link.close();
});

it('asks again for requests that were not sent yet when a module dies', async () => {
  const { main, server, client } = pair();
  const heard = Array.from({ length: requestWindow + 1 }, () => listener());
  for (const [n, one] of heard.entries()) client.ask('server.echo', n, one);
  const next = main.attach('server');
  next.ready();
  server.ended();
  await turn();
  expect(heard.filter(({ ends }) => ends.length === 1).length).toBe(requestWindow);
  expect(requests(main).at(-1)?.slice(1, 2)).toEqual([next.address]);
});

it('answers ENOSYS for what nobody serves, without a module or a word', () => {
  const { client } = pair();
  for (const topic of ['nosuch.method', 'nosuch', '', '.', '..', 'a'.repeat(100_000), `${'a.'.repeat(50_000)}b`]) {
    const heard = listener();
    client.ask(topic, 1, heard);
    expect(heard.ends, topic.slice(0, 20)).toMatchObject([{ code: 'ENOSYS' }]);
  }
});

it('tells a module when a client that asked it is gone, and asks nothing for it any more', async () => {
  const { main, server, client } = pair();
  const heard = listener();
  client.ask('server.slow', 1, heard);
  await turn();
  client.close();
  client.close();
  await turn();
  expect(main.packets().filter(([kind]) => kind === 'disconnect')).toEqual([['disconnect', server.address, expect.any(Number), 'client']]);
  expect(heard.ends).toMatchObject([{ code: 'ECANCELED' }]);
  const late = listener();
  client.ask('server.slow', 1, late);
  expect(late.ends).toMatchObject([{ code: 'ECANCELED' }]);
});

it('gives up a request in whatever state it is', async () => {
  const { bus, main, server, client } = pair();
  const sent = listener();
  const sentId = client.ask('server.slow', 1, sent);
  await turn();
  bus.park('server');
  const parked = listener();
  const parkedId = client.ask('server.slow', 1, parked);
  for (const id of [sentId, parkedId, sentId, 999]) client.cancel(id);
  expect([sent.ends, parked.ends]).toMatchObject([[{ code: 'ECANCELED' }], [{ code: 'ECANCELED' }]]);
  await turn();
  expect(main.packets().filter(([kind]) => kind === 'cancel')).toEqual([['cancel', server.address, expect.any(Number), sentId]]);
  expect(bus.waiting('server')).toBe(0);
});

it('asks for the daemon itself, with a timeout and a signal', async () => {
  const { bus, clock, main, server } = pair();
  const answered = bus.request('server.debug', {});
  await turn();
  const [, , from = 1, id = 0] = requests(main)[0] ?? [];
  expect(from).toBe(0);
  main.say({ type: 'packets', packets: [['answer', 0, server.address, id, { flags: 1 }]] });
  expect(await answered).toEqual({ flags: 1 });
  const late = expect(bus.request('server.debug', {}, { timeout: 50 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await clock.advance(60);
  await late;
  const given = new AbortController();
  const canceled = expect(bus.request('server.debug', {}, { signal: given.signal })).rejects.toMatchObject({ code: 'ECANCELED' });
  given.abort();
  await canceled;
  expect(clock.pending()).toBe(0);
});

it('passes packets from one runner to another, and sends back what is for one that is gone', async () => {
  const { runner } = setting();
  const [one, two] = [runner(), runner()];
  const asker = one.attach('asker');
  const server = two.attach('server');
  one.say({ type: 'packets', packets: [['request', server.address, asker.address, 7, 'server', 'server.echo', 'x', 'asker']] });
  await turn();
  expect(two.packets()).toEqual([['request', server.address, asker.address, 7, 'server', 'server.echo', 'x', 'asker']]);
  two.say({ type: 'packets', packets: [['answer', asker.address, server.address, 7, 'y']] });
  await turn();
  expect(one.packets()).toEqual([['answer', asker.address, server.address, 7, 'y']]);
  server.ended();
  one.say({ type: 'packets', packets: [['request', server.address, asker.address, 8, 'server', 'server.echo', 'x', 'asker']] });
  await turn();
  expect(one.packets().at(-1)).toEqual(['moved', asker.address, server.address, 8, 'server.echo', 'x']);
});

it('sends back what is for an instance that is being replaced, for that begins with nothing more', async () => {
  const { bus, runner } = setting();
  const [one, two] = [runner(), runner()];
  const asker = one.attach('asker');
  const server = two.attach('server');
  server.ready();
  bus.park('server');
  one.say({ type: 'packets', packets: [['request', server.address, asker.address, 7, 'server', 'server.echo', 'x', 'asker']] });
  await turn();
  expect(one.packets()).toEqual([['moved', asker.address, server.address, 7, 'server.echo', 'x']]);
  expect(two.packets()).toEqual([]);
});

it('takes no packet that pretends to be from a module of another runner, and nothing that is none', async () => {
  const { runner } = setting();
  const [one, two] = [runner(), runner()];
  const asker = one.attach('asker');
  const server = two.attach('server');
  const odd: unknown[] = [
    ['answer', asker.address, server.address, 7, 'forged'],
    ['request', server.address, server.address, 7, 'server', 'server.echo', 'x', 'asker'],
    ['request', server.address, asker.address],
    ['request', server.address, asker.address, 'id', 'server', 'server.echo', 'x', 'asker'],
    ['shout', server.address, asker.address, 1],
    ['constructor', server.address, asker.address, 1],
    null,
    'text',
    { 0: 'answer' },
    [],
  ];
  one.say({ type: 'packets', packets: odd as Packet[] });
  for (const message of [
    null,
    undefined,
    7,
    {},
    { type: 'packets' },
    { type: 'resolve' },
    { type: 'subscribed', globs: [1] },
    { type: '__proto__' },
  ]) {
    one.say(message as never);
  }
  await turn();
  expect([one.packets(), two.packets()]).toEqual([[], []]);
});
