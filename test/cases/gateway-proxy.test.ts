import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type Asked, http, raw } from '../support/http.ts';
import { createPlace, type Place } from '../support/place.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);

let place: Place;
let port = 0;

beforeAll(async () => {
  const [behind, nobody, own] = await Promise.all([freePort(), freePort(), freePort()]);
  place = await createPlace();
  const upstream = (at: string) => `{command: [${process.execPath}, ${fixture('upstream.mjs')}, ${at}], ready: {log: listening}}`;
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  web: ${upstream(String(behind))}
  web-unix: ${upstream(join(place.dir, 'web.sock'))}
  gateway: {module: builtin:gateway, config: {listen: "127.0.0.1:${own}"}}
  www.org: {module: builtin:proxy, service: gateway, requires: [web], config: {to: "127.0.0.1:${behind}", module: web, timeout: 1s}}
  unix.org: {module: builtin:proxy, service: gateway, requires: [web-unix], config: {to: "unix:${join(place.dir, 'web.sock')}"}}
  nobody.org: {module: builtin:proxy, service: gateway, config: {to: "127.0.0.1:${nobody}", module: other}}
  loop.org: {module: builtin:proxy, service: gateway, config: {to: "127.0.0.1:${own}"}}
`,
  );
  await place.up();
  port = own;
});
afterAll(() => place?.[Symbol.asyncDispose]());

const ask = (path: string, more: Asked = {}) => http(port, path, { host: 'www.org', ...more });

test('requests go on with all that belongs to them, and answers come back', async () => {
  const got = await ask('/x?y=1', { method: 'PATCH', body: 'hello', headers: { 'x-own': '1', te: 'trailers' } });
  expect(got).toMatchObject({ status: 203, headers: { 'set-cookie': ['a=1', 'b=2'] } });
  expect(got.headers['keep-alive']).not.toBe('timeout=99');
  const seen = JSON.parse(got.body);
  expect(seen).toMatchObject({ method: 'PATCH', url: '/x?y=1', text: 'hello' });
  expect(seen.headers).toMatchObject({ host: 'www.org', 'x-own': '1', 'x-forwarded-for': '127.0.0.1', 'content-length': '5' });
  expect(seen.headers).not.toHaveProperty('te');
  expect(JSON.parse((await http(port, '/', { host: 'unix.org' })).body)).toMatchObject({ url: '/' });
});

test('bodies go on in pieces, whatever the method, and connections are used again', async () => {
  const body = 'x'.repeat(3 * 1024 * 1024);
  const sizes = [];
  for (const method of ['POST', 'DELETE']) {
    const { size, headers, port: from } = JSON.parse((await ask('/', { method, body, headers: { 'transfer-encoding': 'chunked' } })).body);
    expect(headers['transfer-encoding']).toBe('chunked');
    sizes.push([size, from]);
  }
  expect(sizes).toEqual([
    [body.length, sizes[0]?.[1]],
    [body.length, sizes[0]?.[1]],
  ]);
  expect((await ask('/', { method: 'HEAD' })).body).toBe('');
});

test('a server that is not there, or does not answer in time, is 502 or 504, and the status says so until it answers', async () => {
  const level = async () => (await place.module('www.org')).status.level;
  expect((await http(port, '/', { host: 'nobody.org' })).status).toBe(502);
  // What a module says of itself comes to the daemon by another way than its answer to the client.
  await expect
    .poll(async () => (await place.module('nobody.org')).status)
    .toMatchObject({ level: 'warn', message: expect.stringMatching(/^other at .* does not answer: ECONNREFUSED$/) });
  expect((await ask('/never')).status).toBe(504);
  await expect.poll(level).toBe('warn');
  expect((await ask('/')).status).toBe(203);
  await expect.poll(level).toBe('core');
  await expect(ask('/half')).rejects.toThrow(/aborted|reset|hang up/);
});

test('a request that is led back to where it came from goes round once', async () => {
  expect(await http(port, '/', { host: 'loop.org' })).toMatchObject({ status: 508, body: '508 what is behind leads back here\n' });
  const upgrade = 'GET / HTTP/1.1\r\nHost: loop.org\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
  expect(await raw(port, upgrade)).toMatch(/^HTTP\/1\.1 508 Loop Detected\r\n/);
  expect(JSON.parse((await ask('/', { headers: { via: '1.1 other' } })).body).headers.via).toMatch(/^1\.1 other, 1\.1 muster-/);
});

test('an upgrade goes through, and so does the refusal of one', async () => {
  const upgrade = (path: string) => `GET ${path} HTTP/1.1\r\nHost: www.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  expect(await raw(port, upgrade('/no'))).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n.*no$/s);
  expect(await spoken(upgrade('/chat'))).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n.*upgrade: websocket\r\n.*HELLO$/is);
});

test('one that comes with a body is asked for without the upgrade', async () => {
  const head = 'POST /x HTTP/1.1\r\nHost: www.org\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n';
  expect(await raw(port, `${head}hello`)).toMatch(/^HTTP\/1\.1 203 .*"text":"hello"/s);
});

test('a removed proxy closes its upgrades and its connections', async () => {
  const text = `GET /chat HTTP/1.1\r\nHost: unix.org\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`;
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('data', resolve));
  expect(await place.muster('remove', 'unix.org')).toMatchObject({ code: 0 });
  await closed;
  expect((await http(port, '/', { host: 'unix.org' })).status).toBe(421);
});

/** Says hello on the connection that it was given, and what had come when that came back. */
function spoken(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      got += chunk;
      if (got.endsWith('\r\n\r\n')) socket.write('hello');
      if (got.endsWith('HELLO')) socket.destroy();
    });
    socket.on('error', reject).on('close', () => resolve(got));
  });
}
