import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serveDaemons } from '../../src/keeper/process/serve.ts';
import type { Wards } from '../../src/keeper/process/wards.ts';
import { keeperVersion } from '../../src/keeper/protocol.ts';
import { until } from '../support/place.ts';
import { tempDir } from './support/keeper.ts';

/** Daemons of a keeper that has something to keep: it stays when they go. */
async function daemons() {
  const path = join(await tempDir(), 'keeper.sock');
  const wards = { attended: async () => {}, orphaned: async () => {}, found: () => [] } as Partial<Wards> as Wards;
  const pool = { dir: '', clear() {} } as unknown as Parameters<typeof serveDaemons>[0]['pool'];
  const serving = serveDaemons({
    wards,
    pool,
    sentinel: { attended: async () => ({}), deserted() {} },
    lease: 'a',
    answers: async () => {},
    leave() {},
  });
  const server = createServer(serving.connected);
  await once(server.listen(path), 'listening');
  onTestFinished(() => {
    serving.close();
    server.close();
  });
  return async function hello() {
    const accepted = once(server, 'connection');
    const socket = connect(path);
    const [there] = (await accepted) as [Socket];
    onTestFinished(() => {
      socket.destroy();
      there.destroy();
    });
    const answer = once(socket, 'data').then(([line]) => JSON.parse(String(line)).type as string);
    socket.write(`${JSON.stringify({ type: 'hello', version: keeperVersion, adopt: [] })}\n`);
    return {
      /** What the keeper says first. */
      answer,
      /** Dies, and the keeper has noticed it. */
      async die() {
        socket.destroy();
        await once(there, 'close');
      },
      /** The keeper has read what it said. */
      heard: () => until(() => there.bytesRead > 0, 'it is heard'),
    };
  };
}

test('a daemon that dies while it waits for the end of another one keeps nobody from coming after', async () => {
  const hello = await daemons();
  const first = await hello();
  expect(await first.answer).toBe('hello');
  const second = await hello();
  await second.heard();
  await second.die();
  await first.die();
  const third = await hello();
  expect(await third.answer).toBe('hello');
});
