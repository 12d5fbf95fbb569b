import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Packet } from '../../src/model/bus.ts';
import { seal } from '../../src/runners/inside/seal.ts';
import { type Client, connect } from '../../src/socket/client.ts';
import { type SocketServer, serveSocket } from '../../src/socket/server.ts';
import { type FakeInstance, type FakeRunner, setting } from '../bus/setting.ts';
import { quiet } from '../support/quiet.ts';
import { within } from '../support/within.ts';

type Serve = (request: Extract<Packet, { 0: 'request' }>) => Packet[];

let dir = '';
let path = '';
let server: SocketServer;
let main: FakeRunner;
let module: FakeInstance;
let serve: Serve;
/** What came to the module and is no request. */
let told: Packet[] = [];
const open: { close(): void }[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-modules-'));
  path = join(dir, 'muster.sock');
  told = [];
  serve = ([, to, from, id, , , payload]) => [['answer', from, to, id, payload]];
  const { bus, runner } = setting();
  main = runner((packet) => {
    if (packet[0] === 'request') for (const sealed of seal(serve(packet), () => {})) main.say(sealed);
    else told.push(packet);
  });
  module = main.attach('m');
  module.ready();
  server = await serveSocket({ path, log: quiet, bus: bus.client, onRequest: ({ payload }, reply) => reply.send(payload) });
});

afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

async function client(): Promise<Client> {
  const connected = await connect({ path });
  open.push(connected);
  return connected;
}

function raw(): Socket {
  const socket = createConnection({ path, allowHalfOpen: true }).on('error', () => {});
  open.push({ close: () => socket.destroy() });
  return socket;
}

/** The next line of a raw client; empty once the other side has closed. */
function nextLine(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) resolve(text);
    });
    socket.on('end', () => resolve(text));
  });
}

async function until(there: () => boolean): Promise<void> {
  while (!there()) await new Promise((resolve) => setImmediate(resolve));
}

const toModule = (more: object = {}) => `${JSON.stringify({ type: 'request', topic: 'm.do', id: 1, ...more })}\n`;

it('carries requests to modules, their answers and errors, and leaves the daemon its own', async () => {
  const one = await client();
  expect(await one.request('m.echo', { text: 'grüße' })).toEqual({ text: 'grüße' });
  expect(await one.request('muster.echo', 'own')).toBe('own');
  await expect(one.request('nosuch.echo', 1)).rejects.toMatchObject({ code: 'ENOSYS', hint: expect.stringContaining('muster list') });
  serve = ([, to, from, id]) => [['failure', from, to, id, { code: 'ENOENT', message: 'no such room', hint: 'look elsewhere' }]];
  await expect(one.request('m.echo', 1)).rejects.toMatchObject({ code: 'ENOENT', message: 'no such room', hint: 'look elsewhere' });
});

it('shows in JSON what modules send that is more than JSON', async () => {
  const one = await client();
  const answers = async (payload: unknown) => {
    serve = ([, to, from, id]) => [['answer', from, to, id, payload]];
    return one.request('m.echo', null);
  };
  const date = new Date(Date.UTC(2030, 0, 1));
  expect(
    await answers(
      new Map<unknown, unknown>([
        ['a', new Set([1, 2])],
        [3, date],
      ]),
    ),
  ).toEqual([
    ['a', [1, 2]],
    [3, '2030-01-01T00:00:00.000Z'],
  ]);
  expect(await answers({ deep: [{ bytes: Buffer.from('hello'), floats: new Float32Array(1), store: new ArrayBuffer(3) }] })).toEqual({
    deep: [{ bytes: 'aGVsbG8=', floats: 'AAAAAA==', store: 'AAAA' }],
  });
  expect(await answers(Object.assign(new TypeError('odd'), { code: 'EODD' }))).toEqual({ name: 'TypeError', code: 'EODD', message: 'odd' });
  expect(await answers([/a+/i, undefined, Number.NaN, { gone: undefined }, new Date(Number.NaN)])).toEqual(['/a+/i', null, null, {}, null]);
  expect(await answers(undefined)).toBeUndefined();
  expect(await answers(JSON.parse('{"__proto__": {"a": 1}, "toJSON": "text"}'))).toEqual(
    JSON.parse('{"__proto__": {"a": 1}, "toJSON": "text"}'),
  );
});

it('answers EINVAL or E2BIG, and goes on, where that is not possible', async () => {
  const one = await client();
  const refused = async (payload: unknown, code: string) => {
    serve = ([, to, from, id]) => [['answer', from, to, id, payload]];
    await expect(one.request('m.echo', null)).rejects.toMatchObject({ code });
    serve = ([, to, from, id]) => [
      ['part', from, to, id, payload],
      ['answer', from, to, id, null, true],
    ];
    await expect(one.request('m.echo', null)).rejects.toMatchObject({ code });
  };
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const twice: unknown[] = [circular, circular];
  circular.twice = twice;
  let deep: unknown = 'end';
  for (let depth = 0; depth < 3000; depth += 1) deep = [deep];
  let bomb: unknown = 'boom';
  for (let level = 0; level < 60; level += 1) bomb = [bomb, bomb];
  await refused(10n, 'EINVAL');
  await refused([{ big: 10n }], 'EINVAL');
  await refused(circular, 'EINVAL');
  await refused(deep, 'EINVAL');
  await within(5000, async () => {
    await refused(bomb, 'E2BIG');
    await refused({ long: Array.from({ length: 100 }, () => 'x'.repeat(1_000_000)) }, 'E2BIG');
    await refused(new Uint8Array(9 * 1024 * 1024), 'E2BIG');
  });
  serve = ([, to, from, id]) => [['answer', from, to, id, 'fine']];
  expect(await one.request('m.echo', null)).toBe('fine');
});

it('asks a module for no more of a stream than the client reads', async () => {
  const text = 'x'.repeat(100_000);
  let sent = 0;
  let credit = 0;
  let stream: [from: number, to: number, id: number] | null = null;
  const send = () => {
    for (; stream !== null && sent < credit; sent += 1)
      main.say({ type: 'packets', packets: [['part', stream[0], stream[1], stream[2], text]] });
  };
  serve = ([, to, from, id]) => {
    stream = [from, to, id];
    credit = 64;
    setImmediate(send);
    return [];
  };
  const slow = raw();
  slow.write(toModule());
  slow.pause();
  const more = setInterval(() => {
    for (const packet of told.splice(0)) if (packet[0] === 'credit') credit += packet[4];
    send();
  }, 1);
  await until(() => sent >= 64);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(sent).toBeLessThan(200);
  const before = sent;
  slow.resume();
  await until(() => sent > before + 200);
  clearInterval(more);
});

it('publishes events of clients, and drops those under muster', async () => {
  const other = raw();
  main.say({ type: 'subscribed', globs: ['*'] });
  for (const topic of ['muster.state', 'news.today', 'muster'])
    other.write(`${JSON.stringify({ type: 'event', topic, payload: { topic } })}\n`);
  await until(() => main.events().length > 0);
  expect(await (await client()).request('m.echo', 1)).toBe(1);
  expect(main.events()).toEqual([[expect.any(Number), 'news.today', { topic: 'news.today' }, 'client']]);
});

it('tells the module when a client gives a request up, and the client that it did', async () => {
  serve = () => [];
  const one = raw();
  const line = nextLine(one);
  one.write(toModule());
  await until(() => main.packets().length > 0);
  one.write(`${JSON.stringify({ type: 'control', topic: 'cancel', id: 1 })}\n`);
  expect(JSON.parse(await line)).toMatchObject({ type: 'response', id: 1, error: { code: 'ECANCELED' } });
  await until(() => told.length > 0);
  expect(told.map(([kind]) => kind)).toEqual(['cancel']);
});

it('tells the module at once when a client is gone that waits for an answer', async () => {
  serve = () => [];
  const one = raw();
  one.write(toModule());
  await until(() => main.packets().length > 0);
  one.destroy();
  await until(() => told.length > 0);
  expect(told).toEqual([['disconnect', module.address, expect.any(Number), 'client']]);
});

it('still answers a client that has ended its side and reads on', async () => {
  const waiting: Packet[] = [];
  serve = ([, to, from, id]) => {
    waiting.push(['answer', from, to, id, 'late']);
    return [];
  };
  const one = raw();
  const line = nextLine(one);
  one.end(toModule());
  await until(() => waiting.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toEqual([]);
  main.say({ type: 'packets', packets: waiting });
  expect(JSON.parse(await line)).toMatchObject({ id: 1, payload: 'late' });
  await until(() => told.length > 0);
  expect(told[0]?.[0]).toBe('disconnect');
});

it('keeps what one client has under way within bounds', async () => {
  serve = () => [];
  const one = await client();
  const payload = 'x'.repeat(7 * 1024 * 1024);
  const failures: string[] = [];
  for (let n = 0; n < 20; n += 1) one.request('m.slow', payload).catch(({ code }) => failures.push(code));
  await until(() => failures.length > 0);
  expect(failures).toContain('EBUSY');
  const many = await client();
  const codes: string[] = [];
  for (let n = 0; n < 5000; n += 1) many.request('m.slow', n).catch(({ code }) => codes.push(code));
  await until(() => codes.length > 0);
  expect(new Set(codes)).toEqual(new Set(['EBUSY']));
  serve = ([, to, from, id, , , got]) => [['answer', from, to, id, got]];
  expect(await (await client()).request('m.echo', 'other')).toBe('other');
});

it('closes a connection with EPROTO whose message is nested without end, in little time', async () => {
  for (const depth of [1001, 100_000, 4_000_000]) {
    const one = raw();
    const line = nextLine(one);
    const message = `{"type":"request","topic":"m.do","id":1,"payload":${'['.repeat(depth)}${']'.repeat(depth)}}\n`;
    const answer = await within(1000, () => {
      one.write(message);
      return line;
    });
    expect(JSON.parse(answer)).toMatchObject({ error: { code: 'EPROTO' } });
  }
  const one = raw();
  const line = nextLine(one);
  one.write(toModule({ payload: `${'['.repeat(5000)}\\"` }));
  expect(JSON.parse(await line)).toMatchObject({ payload: `${'['.repeat(5000)}\\"` });
});
