import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Answer, createAnswer } from '../../../src/builtin/metrics/answer.ts';
import { type MetricsServer, openServer } from '../../../src/builtin/metrics/server.ts';
import { settingsOf } from '../../../src/builtin/metrics/settings.ts';
import { joined, type Source } from '../../../src/builtin/metrics/source.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(answer: Answer): Promise<MetricsServer> {
  const server = await openServer({ host: '127.0.0.1', port: 0 }, answer, () => {});
  open.push(server);
  return server;
}

const text =
  (body: string): Answer =>
  async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body });
const get = ({ address }: MetricsServer, init: RequestInit = {}) => fetch(`http://127.0.0.1:${address.port}/metrics`, init);

function dial({ address }: MetricsServer): Promise<Socket> {
  const socket = connect(address.port, '127.0.0.1');
  socket.on('error', () => {});
  return once(socket, 'connect').then(() => socket);
}

test('who reads nothing, says nothing, or says nonsense keeps nobody waiting', async () => {
  const server = await serve(text('x'.repeat(8_000_000)));
  const slow = await Promise.all(Array.from({ length: 4 }, () => dial(server)));
  for (const socket of slow) socket.pause().write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
  const silent = await Promise.all(Array.from({ length: 20 }, () => dial(server)));
  const nonsense = await dial(server);
  nonsense.write('\x16\x03\x01 nonsense\r\n\r\n');
  expect(String((await once(nonsense, 'data'))[0])).toMatch(/^HTTP\/1\.1 400 /);
  expect((await (await get(server)).text()).length).toBe(8_000_000);
  for (const socket of [...slow, ...silent, nonsense]) socket.destroy();
});

test('beyond so many connections the oldest goes, and a new one is served', async () => {
  const server = await serve(text('ok'));
  const [first, ...rest] = await Promise.all(Array.from({ length: 128 }, () => dial(server)));
  const gone = once(first as Socket, 'close');
  first?.resume();
  expect(await (await get(server)).text()).toBe('ok');
  await gone;
  for (const socket of rest) socket.destroy();
});

test('HEAD has the length and nothing else; the body of a request that is refused is not read', async () => {
  const server = await serve(async ({ method }) => ({ status: method === 'POST' ? 405 : 200, headers: {}, body: 'hello' }));
  const head = await get(server, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '5', '']);
  const socket = await dial(server);
  socket.write('POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\nbeginning');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toMatch(/^HTTP\/1\.1 405 .*connection: close/is);
  await once(socket, 'close');
});

test('what is being answered has a moment when the server closes', async () => {
  let finish = (): void => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let asked = false;
  const server = await serve(async () => {
    asked = true;
    await held;
    return { status: 200, headers: {}, body: 'late' };
  });
  const answer = get(server, { headers: { connection: 'close' } });
  await dial(server);
  await expect.poll(() => asked).toBe(true);
  const closed = server.close();
  finish();
  expect(await (await answer).text()).toBe('late');
  await closed;
});

test('a port that is taken, and an address that is not here, are told apart', async () => {
  const { address } = await serve(text('ok'));
  const opened = (host: string, port: number) => openServer({ host, port }, text(''), () => {});
  await expect(opened('127.0.0.1', address.port)).rejects.toThrow(
    `cannot listen at 127.0.0.1:${address.port}: another program listens there already; say another port in config.listen (EADDRINUSE)`,
  );
  await expect(opened('192.0.2.1', 1)).rejects.toThrow('this machine has no such address (EADDRNOTAVAIL)');
});

test('calls that come while one is under way share the next one, which begins after them', async () => {
  const calls: ((value: number) => void)[] = [];
  const ask = joined(() => new Promise<number>((resolve) => void calls.push(resolve)));
  const first = ask();
  const [second, third] = [ask(), ask()];
  calls[0]?.(1);
  expect(await first).toBe(1);
  await expect.poll(() => calls.length).toBe(2);
  const fourth = ask();
  calls[1]?.(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await expect.poll(() => calls.length).toBe(3);
  calls[2]?.(3);
  expect(await fourth).toBe(3);
});

test('a daemon that does not answer is not alive; beyond so many who ask at a time the next is sent away', async () => {
  const waiting: (() => void)[] = [];
  const never = () => new Promise<never>((_, reject) => void waiting.push(() => reject(new Error('no answer within 10s'))));
  const source: Source = { ping: never, status: never, figures: never, everything: never };
  const answer = createAnswer({ source, settings: () => settingsOf({}) });
  const asked = (url: string) => answer({ method: 'GET', url, headers: {}, address: '127.0.0.1' });
  const all = Array.from({ length: 32 }, () => asked('/healthz'));
  expect(await asked('/healthz')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  for (const fail of waiting) fail();
  for (const one of await Promise.all(all)) {
    expect(one).toMatchObject({ status: 503, body: 'the daemon does not answer: no answer within 10s\n' });
  }
  expect((await asked('/nothing')).status).toBe(404);
});
