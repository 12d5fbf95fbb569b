import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFrames, type Frames, frameOf } from '../../src/runners/frames.ts';
import { dial } from '../../src/socket/client.ts';

/** A socket to write to as one likes, and what comes out of it as frames. */
async function setting(): Promise<{ raw: Socket; received: unknown[]; frames: Frames; closed: Promise<Error | null> }> {
  const path = join(tmpdir(), `muster-frames-${process.pid}-${Math.random()}`);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  const come = once(server, 'connection');
  const raw = await dial(path);
  const received: unknown[] = [];
  let frames: Frames | null = null;
  const [socket] = (await come) as [Socket];
  const closed = new Promise<Error | null>((resolve) => {
    frames = createFrames(socket, { receive: (value) => received.push(value), closed: resolve });
  });
  return { raw, received, frames: frames as unknown as Frames, closed };
}

const values = [{ a: new Map([[1, 2n]]) }, 'text', new Uint8Array(200_000).fill(7), [null]];

test('values arrive as they were sent, in order, however they are cut into pieces', async () => {
  const { raw, received, closed } = await setting();
  const bytes = Buffer.concat(values.map(frameOf));
  for (let at = 0; at < bytes.length; ) {
    const piece = at < 300 ? 1 : 70_001;
    raw.write(bytes.subarray(at, at + piece));
    await new Promise((resolve) => setImmediate(resolve));
    at += piece;
  }
  raw.end();
  expect(await closed).toBeNull();
  expect(received).toEqual(values);
});

test.each([
  ['announces more than a message may be', Buffer.from([0xff, 0xff, 0xff, 0xff, 1])],
  ['announces nothing', Buffer.from([0, 0, 0, 0])],
  ['is no clone', Buffer.from([0, 0, 0, 3, 1, 2, 3])],
])('what %s ends the connection with an error', async (_, bytes) => {
  const { raw, received, closed } = await setting();
  raw.on('error', () => {});
  raw.write(bytes);
  expect(await closed).toBeInstanceOf(Error);
  expect(received).toEqual([]);
});

test('what cannot be cloned is refused where it is sent, and what has nowhere to go counts as sent', async () => {
  const { raw, frames, closed } = await setting();
  expect(() => frames.send(() => {})).toThrow();
  raw.destroy();
  await closed;
  expect(await new Promise((resolve) => frames.send('late', () => resolve('sent')))).toBe('sent');
});
