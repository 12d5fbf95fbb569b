import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, http, raw } from '../support/http.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);

/** One gateway for all of this file: nothing here changes what runs. */
let place: Place;
let daemon: Talk;
let port = 0;

beforeAll(async () => {
  const limits = '{maxBody: 1M, maxHeaderSize: 16K}';
  place = await createPlace(`version: 1
modules:
  gateway: {module: builtin:gateway, config: {listen: "127.0.0.1:0", limits: ${limits}}}
  gateway.at: ${fixture('message.mjs')}
  example.com: {module: builtin:vhost, service: gateway, config: {page: welcome, auth: internal}}
  a.example.com: {module: ${fixture('message.mjs')}, service: gateway}
  f.example.com: {module: ${fixture('fetch.mjs')}, service: gateway}
  n.example.com: {module: ${fixture('node.mjs')}, service: gateway}
  shop: {module: ${fixture('message.mjs')}, service: gateway, args: [shop], config: {mount: [example.com/shop, /everywhere]}}
  deeper: {module: ${fixture('message.mjs')}, service: gateway, args: [deeper], config: {mount: example.com/shop/deep}}
  mute: {module: ${join(import.meta.dirname, 'fixtures/tiny.mjs')}, service: gateway}
`);
  await place.up();
  daemon = await talk(place);
  const { status } = await place.module('gateway');
  expect(status).toMatchObject({ level: 'core', message: expect.stringMatching(/^listening on http:\/\/127\.0\.0\.1:\d+$/) });
  port = Number(status.message.split(':').at(-1));
});
afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

const ask = (host: string, path = '/', more: Asked = {}) => http(port, path, { host, ...more });
const answer = async (host: string, path: string, more: Asked = {}) => JSON.parse((await ask(host, path, more)).body);
const get = (line: string, ...headers: string[]) => raw(port, `${[line, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);

describe('who answers', () => {
  test.each([
    ['a.example.com', '/echo', 'a.example.com'],
    ['A.Example.COM', '/echo', 'a.example.com'],
    ['a.example.com.', '/echo', 'a.example.com'],
    ['a.example.com:8080', '/echo', 'a.example.com'],
    ['example.com', '/shop', 'shop'],
    ['example.com', '/shop/', 'shop'],
    ['example.com', '/shop/x?/shop/deep', 'shop'],
    ['example.com', '/shop/deep/x', 'deeper'],
    ['example.com', '/shop/deeper', 'shop'],
    ['example.com', '/x/../shop/./deep/y', 'deeper'],
    ['example.com', '/shop/%2E%2e/shop/deep', 'deeper'],
    ['127.0.0.1', '/everywhere/x', 'shop'],
    ['nobody.org', '/at/x', 'gateway.at'],
  ])('%s%s is answered by %s', async (host, path, name) => {
    expect((await answer(host, path)).name).toBe(name);
  });

  test('a host answers where no component does, with its page at the root', async () => {
    expect(await ask('example.com')).toMatchObject({ status: 200, body: 'welcome' });
    expect((await ask('example.com', '/shopping')).status).toBe(404);
    expect((await ask('example.com', '/', { method: 'DELETE' })).headers.allow).toBe('GET, HEAD');
  });

  test('a domain that nobody has is misdirected, one without anything at that path has none', async () => {
    expect((await ask('nobody.org')).status).toBe(421);
    expect((await ask('a.example.co')).status).toBe(421);
  });

  test('the URL of a request in absolute form says which host is meant', async () => {
    expect(await get('GET http://A.example.com/echo?x HTTP/1.1', 'Host: nobody.org')).toContain('"url":"/echo?x"');
  });

  test('a module that answers no requests of HTTP is not there for them', async () => {
    expect((await ask('mute')).status).toBe(503);
  });
});

describe('whole messages', () => {
  test('a component gets method, url, headers, body and mount', async () => {
    const headers = { 'x-own': 'mine', te: 'trailers', connection: 'x-private, te', 'x-private': '1', 'x-forwarded-for': '6.6.6.6' };
    const got = await answer('example.com', '/shop/echo?a=b', { method: 'PUT', headers, body: 'ü'.repeat(10) });
    expect(got).toMatchObject({ args: ['shop'], method: 'PUT', url: '/shop/echo?a=b', body: 'ü'.repeat(10), mount: '/shop' });
    expect(got.headers).toMatchObject({
      'x-own': 'mine',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'example.com',
    });
    for (const name of ['te', 'x-private', 'connection']) expect(got.headers).not.toHaveProperty(name);
    expect((await answer('a.example.com', '/echo')).body).toBeNull();
  });

  test('its answer may be text, bytes, data or a stream', async () => {
    const text = await ask('a.example.com', '/text');
    expect(text).toMatchObject({
      status: 201,
      body: 'text',
      headers: { 'x-own': '1', 'set-cookie': ['a=1', 'b=2'], 'content-length': '4' },
    });
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect((await ask('a.example.com', '/bytes')).headers).toMatchObject({
      'content-length': '3',
      'content-type': 'application/octet-stream',
    });
    expect(await ask('a.example.com', '/list')).toMatchObject({ body: '[1,2]', headers: { 'content-type': 'application/json' } });
    expect(await ask('a.example.com', '/pieces')).toMatchObject({
      status: 200,
      body: 'one two',
      headers: { 'transfer-encoding': 'chunked' },
    });
    const nothing = await ask('a.example.com', '/nothing');
    expect([nothing.status, nothing.body, nothing.headers['content-length']]).toEqual([204, '', undefined]);
  });

  test('HEAD is answered without a body and with its length', async () => {
    const head = await ask('a.example.com', '/text', { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([201, '', '4']);
    expect((await ask('a.example.com', '/flood', { method: 'HEAD' })).body).toBe('');
  });

  test.each(['/throws', '/no-status', '/no-answer', '/bad-header'])('%s is 500, and its log alone says why', async (path) => {
    const { status, reason, body } = await ask('a.example.com', path);
    expect([status, reason, body]).toEqual([500, 'Internal Server Error', '500 it failed to answer\n']);
  });

  test('what is thrown after the first piece cuts the response off', async () => {
    await expect(ask('a.example.com', '/breaks')).rejects.toThrow(/aborted|hang up|reset/i);
    await until(
      async () => (await daemon.muster('logs', { names: ['gateway'] })).some(({ text }) => text.includes('in the middle')),
      'it is logged',
    );
  });

  test('a client that leaves aborts the signal, and ends a stream that it did not read', async () => {
    const before = await daemon.ask<{ sent: number; left: number }>('a.example.com.seen');
    const leave = (path: string, after: RegExp) =>
      new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: a.example.com\r\n\r\n`));
        socket.once('data', () => {}).pause();
        void until(async () => after.test(JSON.stringify(await daemon.ask('gateway.stats'))), 'it is under way').then(() => {
          socket.destroy();
          resolve();
        });
      });
    await leave('/hangs', /"a\.example\.com":\{"open":1/);
    await until(async () => (await daemon.ask<{ aborted: number }>('a.example.com.seen')).aborted === 1, 'the signal is aborted');
    await leave('/flood', /"a\.example\.com":\{"open":1/);
    await until(async () => (await daemon.ask<{ left: number }>('a.example.com.seen')).left > before.left, 'the stream has ended');
    // Backpressure: what nobody reads is not made.
    expect((await daemon.ask<{ sent: number }>('a.example.com.seen')).sent - before.sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('bodies', () => {
  test('a large one arrives whole, with its length or in pieces', async () => {
    const body = 'x'.repeat(1024 * 1024);
    expect((await ask('a.example.com', '/large', { method: 'POST', body })).body).toBe(String(body.length));
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await ask('a.example.com', '/large', { method: 'POST', body, headers: chunked })).body).toBe(String(body.length));
  });

  test('one that is too long is refused before it is sent, or when so much has come', async () => {
    const said = await get('POST /large HTTP/1.1', 'Host: a.example.com', 'Content-Length: 1048577', 'Expect: 100-continue');
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const grown = await raw(
      port,
      `POST /large HTTP/1.1\r\nHost: a.example.com\r\nTransfer-Encoding: chunked\r\n\r\n${piece.repeat(17)}`,
    ).catch(() => 'reset');
    expect(grown).toMatch(/^HTTP\/1\.1 413 |^reset$/);
    expect(grown).not.toContain('200 OK');
  });

  test('who expects to be told to go on is told so', async () => {
    const head = ['POST /echo HTTP/1.1', 'Host: a.example.com', 'Content-Length: 4', 'Expect: 100-continue', 'Connection: close'];
    const got = await raw(port, `${head.join('\r\n')}\r\n\r\nbody`);
    expect(got).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });
});

describe('Request and Response', () => {
  test('bodies stream both ways', async () => {
    const body = 'shout '.repeat(50_000);
    const got = await ask('f.example.com', '/upper', { method: 'POST', body, headers: { 'transfer-encoding': 'chunked' } });
    expect([got.status, got.body === body.toUpperCase()]).toEqual([202, true]);
  });

  test('the Request has all that was sent, cookies come back one by one', async () => {
    const headers = { 'content-type': 'text/x' };
    const got = await answer('f.example.com', '/x?y=1', { method: 'POST', body: 'hello', headers });
    expect(got).toEqual({ method: 'POST', url: 'http://f.example.com/x?y=1', type: 'text/x', text: 'hello' });
    expect((await ask('f.example.com', '/cookies')).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  test('its signal is aborted when the client leaves', async () => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /hangs HTTP/1.1\r\nHost: f.example.com\r\n\r\n'));
    await until(async () => JSON.stringify(await daemon.ask('gateway.stats')).includes('"f.example.com":{"open":1'), 'it is under way');
    socket.destroy();
    await until(async () => (await daemon.ask<{ aborted: number }>('f.example.com.seen')).aborted === 1, 'the signal is aborted');
  });
});

describe('what Node hands out', () => {
  test('a component can have request and response themselves', async () => {
    expect(await answer('n.example.com', '/x/../y')).toMatchObject({
      url: '/y',
      mount: '/',
      headers: { host: 'n.example.com', 'x-forwarded-for': '127.0.0.1' },
    });
  });

  test('and connections that are to be something else', async () => {
    const got = new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET /chat HTTP/1.1\r\nHost: n.example.com\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n');
      });
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.endsWith('/chat ')) socket.write('hello');
        if (text.endsWith('HELLO')) socket.destroy();
      });
      socket.on('close', () => resolve(text));
    });
    expect(await got).toMatch(/^HTTP\/1\.1 101 .*\/chat HELLO$/s);
  });

  test('where a component knows nothing of that it is answered as if nothing had been asked', async () => {
    const got = await get(
      'GET /text HTTP/1.1',
      'Host: a.example.com',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQ',
    );
    expect(got).toMatch(/^HTTP\/1\.1 201 Created.*text$/s);
    expect(await get('GET / HTTP/1.1', 'Host: nobody.org', 'Connection: Upgrade', 'Upgrade: websocket')).toMatch(/^HTTP\/1\.1 421 /);
  });

  test('its body arrives then, and the connection goes on', async () => {
    const head = ['POST /echo HTTP/1.1', 'Host: a.example.com'];
    const h2c = [...head, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ'];
    const asked = [
      [...h2c, 'Content-Length: 3', '', 'one'].join('\r\n'),
      [...h2c, 'Transfer-Encoding: chunked', '', '3', 'two', '0', '', ''].join('\r\n'),
      [...head, 'Connection: close', 'Content-Length: 5', '', 'three'].join('\r\n'),
    ];
    const got = await raw(port, asked.join(''));
    expect(got.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200']);
    expect([...got.matchAll(/"body":"(\w+)"/g)].map(([, body]) => body)).toEqual(['one', 'two', 'three']);
    expect(got).not.toMatch(/h2c|http2-settings|"connection"/i);
  });

  test('what was asked before it on the same connection is answered first', async () => {
    const { pid, restarts } = await place.module('gateway');
    const asked = (path: string, more: string) => `GET ${path} HTTP/1.1\r\nHost: a.example.com\r\n${more}\r\n`;
    const got = await raw(port, asked('/slow', '') + asked('/echo', 'Connection: Upgrade, close\r\nUpgrade: shout\r\n'));
    expect(got).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nslow HTTP\/1\.1 200 .*"url":"\/echo"/s);
    expect(await place.module('gateway')).toMatchObject({ pid, restarts });
  });
});

test('stats of the gateway tell requests by component, status and time', async () => {
  const stats = async () => JSON.parse((await place.muster('stats', 'gateway')).stdout);
  const before = await stats();
  await ask('nobody.org', '/');
  const { requests, status, latency, components } = await stats();
  expect([requests, status['4xx']]).toEqual([before.requests + 1, before.status['4xx'] + 1]);
  expect(requests).toBe(Object.values<number>(status).reduce((sum, count) => sum + count, 0));
  expect(latency.p99).toBeGreaterThan(0);
  expect(components['gateway.at']).toMatchObject({ open: 0, requests: 1, status: { '2xx': 1, '5xx': 0 } });
  expect(JSON.parse((await place.muster('stats', 'gateway.at')).stdout)).toMatchObject({ rx: { request: 1 }, tx: { response: 1 } });
});

test.skipIf(!existsSync('/usr/bin/curl'))('curl is answered', async () => {
  const { stdout } = await promisify(execFile)('curl', [
    '-sS',
    '-H',
    'Host: a.example.com',
    '-d',
    'by curl',
    `http://127.0.0.1:${port}/echo`,
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', body: 'by curl' });
});

test('undici is answered, over connections that are kept', async () => {
  const texts = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => (await fetch(`http://127.0.0.1:${port}/at/x?${at}`)).json() as Promise<{ url: string }>),
  );
  expect(texts.map(({ url }) => url)).toEqual(texts.map((_, at) => `/at/x?${at}`));
});
