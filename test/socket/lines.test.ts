import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type SocketServer, serveSocket } from '../../src/socket/server.ts';
import { quiet } from '../support/quiet.ts';

let dir = '';
let path = '';
let server: SocketServer;
let release: () => void;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-socket-'));
  path = join(dir, 'muster.sock');
  server = await serveSocket({
    path,
    log: quiet,
    onRequest({ payload }, reply) {
      if (payload === 'held') release = () => reply.send('first');
      else reply.send(payload);
    },
  });
});

afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const request = (id: number, payload: unknown) => JSON.stringify({ type: 'request', topic: 'muster.x', id, payload });

/** Reads so many lines. */
function reader(socket: Socket): (count: number) => Promise<unknown[]> {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return async (count) => {
    const read: unknown[] = [];
    while (read.length < count) read.push(JSON.parse((await lines.next()).value as string));
    return read;
  };
}

it('takes what a client sends before it ends its side for a line, also without a line break', async () => {
  const whole = createConnection(path);
  whole.end(request(7, 'last'));
  expect(await reader(whole)(1)).toMatchObject([{ id: 7, payload: 'last' }]);
  const torn = createConnection(path);
  torn.end(request(7, 'last').slice(0, -1));
  expect(await reader(torn)(1)).toMatchObject([{ id: 0, error: { code: 'EPROTO' } }]);
});

it('refuses a request whose id is that of an open one, which is answered all the same', async () => {
  const socket = createConnection(path);
  const next = reader(socket);
  const send = (...lines: readonly string[]) => socket.write(lines.map((line) => `${line}\n`).join(''));
  send(request(5, 'held'), request(5, 'again'), request(3, 'below'), request(3, 'free again'), request(9, 'above'));
  expect(await next(4)).toMatchObject([
    { id: 5, error: { code: 'EINVAL', message: expect.stringContaining('id 5') } },
    { id: 3, payload: 'below' },
    { id: 3, payload: 'free again' },
    { id: 9, payload: 'above' },
  ]);
  release();
  expect(await next(1)).toMatchObject([{ id: 5, payload: 'first' }]);
  send(request(5, 'a second time'));
  expect(await next(1)).toMatchObject([{ id: 5, payload: 'a second time' }]);
  socket.destroy();
});
