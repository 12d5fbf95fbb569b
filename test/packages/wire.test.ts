import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/daemon/world.ts';
import type { PackageException } from '../../src/model/wire.ts';
import { readMessage } from '../../src/packages/wire/messages.ts';
import { createWire, type Said } from '../../src/packages/wire/wire.ts';
import { dial } from '../../src/socket/client.ts';
import { quiet } from '../support/quiet.ts';

// The daemon's end of the channel against a real socket, at whose other end the test is the package.
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const secret = 'hunter2hunter2';
const mask = (text: string) => text.replaceAll(secret, '***');

async function connected() {
  const dir = await mkdtemp(join(tmpdir(), 'muster-wire-'));
  const path = join(dir, 'a.sock');
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const said: Said[] = [];
  const exceptions: PackageException[] = [];
  const wire = createWire(
    { name: () => 'p', path, debug: false, exceptions },
    { clock: systemClock, log: quiet, dial, mask, said: (event) => said.push(event), traced() {} },
  );
  wire.connect();
  const socket = await accepted;
  socket.on('error', () => {});
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  ends.push(async () => {
    socket.destroy();
    server.close();
    await wire.ended();
    await rm(dir, { recursive: true });
  });
  const say = (...messages: unknown[]) => socket.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return { wire, socket, said, exceptions, say, received: () => received };
}

const action = (name: string, type = 'custom') => ({ type: 'axm:action', data: { action_name: name, action_type: type } });
const monitor = (name: string, value: unknown) => ({ type: 'axm:monitor', data: { [name]: { value } } });

test.each([
  ['a', null],
  [3, null],
  [null, null],
  [[], null],
  [{ type: 'axm:monitor', data: [] }, null],
  [{ type: 'toString', data: {} }, null],
  [{ type: 'axm:reply', data: { return: 1 } }, null],
  [{ type: 'axm:scoped_action:stream', data: { uuid: 5 } }, null],
  ['ready', { type: 'ready' }],
  [
    { type: 'axm:reply', data: { action_name: 'a' } },
    { type: 'reply', name: 'a', value: null },
  ],
  [
    { type: 'process:exception', data: { stack: 5 } },
    { type: 'exception', message: 'an exception without a message', stack: null },
  ],
])('%j is read as %j', (raw, message) => {
  expect(readMessage(raw, mask)).toEqual(message);
});

test('all that is kept of what a package says is bounded, and what is beyond is counted', async () => {
  const { wire, say, exceptions } = await connected();
  for (let n = 0; n < 700; n += 1) say(monitor(`m${n}`, 'x'.repeat(5000)), action(`a${n}`));
  for (let n = 0; n < 50; n += 1) say({ type: 'process:exception', data: { message: `${n}`, stack: 's'.repeat(50_000) } });
  say({ type: 'axm:option:configuration', data: { big: 'x'.repeat(100_000) } });
  await expect.poll(() => wire.view().messages.received).toBe(1451);
  const { monitors, actions, messages, options } = wire.view();
  expect([Object.keys(monitors).length, actions.length, exceptions.length]).toEqual([500, 200, 10]);
  expect(JSON.stringify(wire.view()).length).toBeLessThan(700_000);
  expect(options).toEqual({});
  expect(messages.dropped).toBe(200 + 500 + 40);
});

test('a secret at which a text is cut is known as one all the same', async () => {
  const { wire, say, exceptions } = await connected();
  const upTo = (length: number) => 'x'.repeat(length - 8) + secret;
  say({ type: 'process:exception', data: { message: upTo(1000), stack: upTo(8000) } });
  say({ type: 'axm:monitor', data: { text: { value: upTo(1000), unit: upTo(20) }, data: { value: [upTo(998)] } } });
  await expect.poll(() => wire.view().messages.received).toBe(2);
  expect(exceptions).toMatchObject([{ message: `${'x'.repeat(992)}***`, stack: `${'x'.repeat(7992)}***` }]);
  expect(wire.view().monitors).toEqual({
    text: { value: `${'x'.repeat(992)}***`, unit: `${'x'.repeat(12)}***` },
    data: { value: `["${'x'.repeat(990)}***"]` },
  });
});

test('a message longer than it may be, and one nested too deep, harm nobody', async () => {
  const { wire, socket, said, say } = await connected();
  socket.write(`${'['.repeat(100_000)}${']'.repeat(100_000)}\n`);
  say(monitor('after', 1));
  await expect.poll(() => wire.view().monitors.after).toEqual({ value: 1 });
  expect(wire.view().messages.malformed).toBe(1);
  for (let n = 0; n < 5; n += 1) socket.write('x'.repeat(1024 * 1024));
  await expect.poll(() => said).toMatchObject([{ type: 'event', name: 'p', message: expect.stringContaining('more than 4 MiB') }]);
  await expect(wire.trigger('a', undefined, { timeoutMs: 100, onPart() {} })).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a sender that is faster than it may be waits, and nothing of it is lost', async () => {
  const { wire, say } = await connected();
  const begun = performance.now();
  for (let n = 0; n < 12_000; n += 1) say(monitor('n', n));
  await expect.poll(() => wire.view().messages.received).toBe(12_000);
  expect(performance.now() - begun).toBeGreaterThan(100);
  expect(wire.view().monitors.n).toEqual({ value: 11_999 });
});

test('one call of an action is under way at a time, and a package that ends fails those that wait', async () => {
  const { wire, say, socket, received } = await connected();
  say(action('a'), action('s', 'scoped'));
  await expect.poll(() => wire.view().actions.length).toBe(2);
  const options = { timeoutMs: 60_000, onPart() {} };
  const first = wire.trigger('a', '1', options);
  const second = wire.trigger('a', '2', options);
  const stream = wire.trigger('s', '3', options);
  await expect.poll(() => received().split('\n').length).toBe(3);
  expect(received()).toContain('{"msg":"a","opts":"1"}');
  say({ type: 'axm:reply', data: { action_name: 'a', return: 'one' } });
  expect(await first).toBe('one');
  await expect.poll(received).toContain('{"msg":"a","opts":"2"}');
  socket.destroy();
  await expect(second).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  await expect(stream).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
});

test('a scoped call that is refused by the package fails with what it says', async () => {
  const { wire, say, received } = await connected();
  say(action('s', 'scoped'));
  await expect.poll(() => wire.view().actions.length).toBe(1);
  const stream = wire.trigger('s', undefined, { timeoutMs: 60_000, onPart() {} });
  await expect.poll(received).toContain('uuid');
  const { uuid } = JSON.parse(received()) as { uuid: string };
  say(
    { type: 'axm:scoped_action:error', data: { uuid: 'of another', data: 'no' } },
    { type: 'axm:scoped_action:error', data: { uuid, data: 'no such thing' } },
  );
  await expect(stream).rejects.toMatchObject({ code: 'EFAILED', message: expect.stringContaining('no such thing') });
  expect(wire.view().messages.ignored).toBe(1);
});
