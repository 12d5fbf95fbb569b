import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MusterError } from '../../src/model/error.ts';
import { type Client, connect } from '../../src/socket/client.ts';
import type { OnRequest } from '../../src/socket/connection.ts';
import { type SocketServer, type SocketServerOptions, serveSocket } from '../../src/socket/server.ts';
import { quiet } from '../support/quiet.ts';

let dir = '';
let server: SocketServer;
const open: Client[] = [];
const raw: Socket[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-socket-'));
});

afterEach(async () => {
  for (const client of open.splice(0)) client.close();
  for (const socket of raw.splice(0)) socket.destroy();
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const echo: OnRequest = ({ payload }, reply) => reply.send(payload);

async function serve(onRequest: OnRequest, more: Partial<SocketServerOptions> = {}): Promise<string> {
  const path = more.path ?? join(dir, 'muster.sock');
  server = await serveSocket({ onRequest, log: quiet, ...more, path });
  return path;
}

async function client(path: string): Promise<Client> {
  const connected = await connect({ path });
  open.push(connected);
  return connected;
}

function rawClient(path: string): Socket {
  const socket = createConnection(path).on('error', () => {});
  raw.push(socket);
  return socket;
}

/** All that a raw client gets until the server ends the connection. */
function everything(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('close', () => resolve(text));
  });
}

it('answers a request with its payload and keeps the socket to its owner', async () => {
  const path = await serve(echo);
  expect(await (await client(path)).request('muster.echo', { text: 'grüße 🙂' })).toEqual({ text: 'grüße 🙂' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('gives the socket another mode where that is asked for', async () => {
  const path = await serve(echo, { mode: 0o660 });
  expect((await stat(path)).mode & 0o777).toBe(0o660);
});

it('takes over a stale socket file and refuses to remove anything else', async () => {
  const path = await serve(echo);
  const first = server;
  await serve(echo);
  await first.close();
  await expect(serveSocket({ path: dir, onRequest: echo, log: quiet })).rejects.toMatchObject({ code: 'EEXIST' });
  await rm(path, { force: true });
});

it('carries errors over as they were thrown, with their hint', async () => {
  const path = await serve(() => {
    throw new MusterError('EBUSY', 'in use', { hint: 'wait', exitCode: 9 });
  });
  await expect((await client(path)).request('muster.x', {})).rejects.toMatchObject({
    code: 'EBUSY',
    message: 'in use',
    hint: 'wait',
    exitCode: 9,
  });
});

it('answers EFAILED where a method breaks, and goes on', async () => {
  const path = await serve(async ({ payload }, reply) => {
    if (payload === 'bad') throw new TypeError('oops');
    reply.send('fine');
  });
  const one = await client(path);
  await expect(one.request('muster.x', 'bad')).rejects.toMatchObject({ code: 'EFAILED' });
  expect(await one.request('muster.x', 'good')).toBe('fine');
});

it('streams parts in order before the final response', async () => {
  const path = await serve(async (_, reply) => {
    for (let i = 0; i < 1000; i += 1) await reply.part(i);
    reply.send('end');
  });
  const parts: unknown[] = [];
  expect(await (await client(path)).request('muster.x', {}, { onPart: (part) => void parts.push(part) })).toBe('end');
  expect(parts).toEqual(Array.from({ length: 1000 }, (_, i) => i));
});

it('keeps memory bounded while a client does not read, and drops one that takes nothing', async () => {
  let sent = 0;
  let dropped: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    dropped = resolve;
  });
  const path = await serve(
    async (_, reply) => {
      reply.signal.addEventListener('abort', dropped);
      const text = 'x'.repeat(100_000);
      while (!reply.signal.aborted) {
        await reply.part(text);
        sent += text.length;
      }
    },
    { stallTimeout: 200 },
  );
  const socket = rawClient(path);
  socket.pause();
  socket.write('{"type":"request","topic":"muster.x","id":1}\n');
  await gone;
  expect(sent).toBeLessThan(4 * 1024 * 1024);
});

it('loses nothing to a client that reads slowly', async () => {
  const path = await serve(async (_, reply) => {
    for (let i = 0; i < 200; i += 1) await reply.part({ i, text: 'y'.repeat(50_000) });
    reply.send('end');
  });
  let count = 0;
  const onPart = async () => {
    count += 1;
    if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  expect(await (await client(path)).request('muster.x', {}, { onPart })).toBe('end');
  expect(count).toBe(200);
});

it('hands on one part after the other, and the end last, to a receiver that takes its time', async () => {
  const path = await serve(async (_, reply) => {
    for (let i = 0; i < 50; i += 1) await reply.part(i);
    reply.send('end');
  });
  const log: string[] = [];
  const onPart = async (part: unknown) => {
    log.push(`begin ${part}`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`done ${part}`);
  };
  log.push(String(await (await client(path)).request('muster.x', {}, { onPart })));
  expect(log).toEqual([...Array.from({ length: 50 }, (_, i) => [`begin ${i}`, `done ${i}`]).flat(), 'end']);
});

it('tells a method when its client leaves', async () => {
  let heard: () => void = () => {};
  const started = new Promise<void>((begin) => {
    heard = begin;
  });
  let left: () => void = () => {};
  const aborted = new Promise<void>((resolve) => {
    left = resolve;
  });
  const path = await serve((_, reply) => {
    reply.signal.addEventListener('abort', left);
    heard();
  });
  const one = await client(path);
  const answer = one.request('muster.x', {});
  await started;
  one.close();
  await expect(answer).rejects.toMatchObject({ code: 'ECANCELED' });
  await aborted;
});

it('gives up one request and leaves the others alone', async () => {
  let aborted: () => void = () => {};
  const told = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const path = await serve(({ payload }, reply) => {
    if (payload === 'follow') reply.signal.addEventListener('abort', aborted);
    else reply.send(payload);
  });
  const one = await client(path);
  const stop = new AbortController();
  const followed = one.request('muster.logs', 'follow', { signal: stop.signal });
  expect(await one.request('muster.ping', 1)).toBe(1);
  stop.abort();
  await expect(followed).rejects.toMatchObject({ code: 'ECANCELED' });
  await told;
  expect(await one.request('muster.ping', 2)).toBe(2);
});

it('rejects what is pending when the daemon goes away', async () => {
  const path = await serve(() => {});
  const answer = (await client(path)).request('muster.reload', {});
  const rejected = expect(answer).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  await new Promise((resolve) => setImmediate(resolve));
  await server.close(0);
  await rejected;
});

it('sends what was answered before it closes', async () => {
  const path = await serve((_, reply) => {
    reply.send('bye');
    void server.close();
  });
  expect(await (await client(path)).request('muster.down', {})).toBe('bye');
});

it('says ECONNREFUSED where no daemon listens, whether or not a file is there', async () => {
  const path = await serve(echo);
  await server.close();
  await expect(connect({ path })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(connect({ path: join(dir, 'nowhere', 'muster.sock') })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('says EPROTO where what answers speaks something else', async () => {
  await serve(echo);
  const other = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => other.listen(join(dir, 'other.sock'), resolve));
  const connected = await client(join(dir, 'other.sock'));
  await expect(connected.request('muster.ping', {})).rejects.toMatchObject({ code: 'EPROTO' });
  await new Promise((resolve) => other.close(resolve));
});

it('still answers a client that has closed its sending side', async () => {
  const path = await serve(async ({ payload }, reply) => {
    await new Promise((resolve) => setImmediate(resolve));
    reply.send(payload);
  });
  const socket = rawClient(path);
  socket.end('{"type":"request","topic":"muster.x","id":7,"payload":"late"}\n');
  expect(JSON.parse(await everything(socket))).toEqual({ type: 'response', topic: 'muster.x', id: 7, payload: 'late' });
});

it('refuses requests beyond what one client may have in flight, and only those', async () => {
  const path = await serve(() => {}, { maxInFlight: 3 });
  const one = await client(path);
  const held = [1, 2, 3].map((n) => one.request('muster.x', n));
  for (const answer of held) answer.catch(() => {});
  await expect(one.request('muster.x', 4)).rejects.toMatchObject({ code: 'EBUSY' });
});

it('answers E2BIG where a response would be longer than a message may be', async () => {
  const path = await serve((_, reply) => reply.send('z'.repeat(9 * 1024 * 1024)));
  await expect((await client(path)).request('muster.x', {})).rejects.toMatchObject({ code: 'E2BIG' });
});

it('serves many clients at a time', async () => {
  const path = await serve(echo);
  const clients = await Promise.all(Array.from({ length: 200 }, () => client(path)));
  const answers = await Promise.all(clients.flatMap((one, i) => [one.request('muster.a', i), one.request('muster.b', `${i}`)]));
  expect(answers).toEqual(clients.flatMap((_, i) => [i, `${i}`]));
});

it('puts together characters that arrive in pieces', async () => {
  const path = await serve(echo);
  const socket = rawClient(path);
  const bytes = Buffer.from('{"type":"request","topic":"muster.x","id":1,"payload":"äß🙂"}\n');
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(JSON.parse(await answer).payload).toBe('äß🙂');
});
