import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answered, http, raw } from '../support/http.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);

let place: Place;
let daemon: Talk;
let port = 0;

beforeAll(async () => {
  const limits = '{maxHeaderSize: 8K, headersTimeout: 1s, maxRequests: 40}';
  place = await createPlace();
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  gateway: {module: builtin:gateway, config: {listen: "127.0.0.1:0", limits: ${limits}}}
  a.example.com: {module: ${fixture('message.mjs')}, service: gateway, config: {answersWith: ${join(place.dir, 'go')}}}
  f.example.com: {module: ${fixture('fetch.mjs')}, service: gateway}
`,
  );
  await place.up();
  daemon = await talk(place);
  port = Number((await place.module('gateway')).status.message.split(':').at(-1));
});
afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

const ask = (host: string, path: string) => http(port, path, { host });
const open = async () =>
  (await daemon.ask<{ components: Record<string, { open: number }> }>('gateway.stats')).components['a.example.com']?.open;
const get = (line: string, ...headers: string[]) => raw(port, `${[line, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);

test.each([
  ['no Host', 'GET / HTTP/1.1', []],
  ['two Hosts', 'GET / HTTP/1.1', ['Host: a.example.com', 'Host: f.example.com']],
  ['a Host that is none', 'GET / HTTP/1.1', ['Host: a b']],
  ['a Host with a path', 'GET / HTTP/1.1', ['Host: a.example.com/x']],
  ['an encoded NUL', 'GET /a%00b HTTP/1.1', ['Host: a.example.com']],
  ['a NUL', 'GET /a\0b HTTP/1.1', ['Host: a.example.com']],
  ['a backslash', 'GET /a\\..\\b HTTP/1.1', ['Host: a.example.com']],
  ['an encoded way up', 'GET /a/..%2f..%2fetc HTTP/1.1', ['Host: a.example.com']],
  ['an URL that is none', 'GET gopher://x/ HTTP/1.1', ['Host: a.example.com']],
  ['a password in the URL', 'GET http://u:p@a.example.com/ HTTP/1.1', ['Host: a.example.com']],
  ['two lengths', 'POST /echo HTTP/1.1', ['Host: a.example.com', 'Content-Length: 1', 'Content-Length: 2']],
  ['a length that is none', 'POST /echo HTTP/1.1', ['Host: a.example.com', 'Content-Length: 1x']],
  ['a length beside chunks', 'POST /echo HTTP/1.1', ['Host: a.example.com', 'Content-Length: 3', 'Transfer-Encoding: chunked']],
  ['a space before the colon', 'GET / HTTP/1.1', ['Host : a.example.com']],
  ['no HTTP', 'hello', []],
])('%s gets 400 and no component', async (_, line, headers) => {
  const before = (await daemon.ask<{ components: Record<string, { requests: number }> }>('gateway.stats')).components;
  expect(await get(line, ...headers)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const after = (await daemon.ask<{ components: Record<string, { requests: number }> }>('gateway.stats')).components;
  expect(after).toEqual(before);
});

test('headers that are too large get 431, those that come too slowly 408', async () => {
  expect(await get('GET / HTTP/1.1', 'Host: a.example.com', `X-Large: ${'x'.repeat(9000)}`)).toMatch(/^HTTP\/1\.1 431 /);
  expect(await raw(port, 'GET / HTTP/1.1\r\nHost: a.example.com\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408 /);
});

test('more at a time than a component may have get 503 and when to come back', async () => {
  const refused: Answered[] = [];
  const asked = Array.from({ length: 60 }, async () => {
    const answer = await ask('a.example.com', '/slow');
    if (answer.status === 503) refused.push(answer);
    return answer;
  });
  await until(() => refused.length >= 20, 'those beyond it are refused');
  await place.write('go', '');
  const all = await Promise.all(asked);
  expect(all.filter(({ status }) => status === 200)).toHaveLength(40);
  expect(refused).toHaveLength(20);
  expect(refused.every(({ headers }) => headers['retry-after'] === '1')).toBe(true);
});

test('a client that sends many requests at once and leaves takes nothing along', async () => {
  for (let round = 0; round < 3; round += 1) {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /hangs HTTP/1.1\r\nHost: a.example.com\r\n\r\n'.repeat(30)));
    await until(async () => (await open()) === 30, 'all are under way');
    socket.destroy();
    await until(async () => (await open()) === 0, 'all are over');
  }
  expect((await ask('a.example.com', '/slow')).status).toBe(200);
});

test('the body of a request that asks for another protocol may come later, and who leaves in the midst of it is let go', async () => {
  const head = ['POST /echo HTTP/1.1', 'Host: a.example.com', 'Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 5'];
  const asked = (more: string[], then: (socket: Socket) => unknown) =>
    new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write([...head, ...more, '', ''].join('\r\n')));
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.endsWith(' 100 Continue\r\n\r\n')) socket.write('later');
        if (text.includes('"body":')) socket.destroy();
      });
      socket.on('close', () => resolve(text));
      then(socket);
    });
  expect(await asked(['Expect: 100-continue'], () => null)).toMatch(/ 100 Continue\r\n\r\nHTTP\/1\.1 200 .*"body":"later"/s);
  // One that is longer than what is read at a time, with more behind it.
  const long = 'x'.repeat(300_000);
  const first = [...head.slice(0, -1), `Content-Length: ${long.length}`, '', long].join('\r\n');
  const answers = await raw(port, `${first}${first.replace('Connection: Upgrade', 'Connection: Upgrade, close')}`);
  expect(/^HTTP\/1\.1 200 .*?"body":"(x*)"/s.exec(answers)?.[1]).toHaveLength(long.length);
  await asked([], async (socket) => {
    await until(async () => (await open()) === 1, 'it is under way');
    socket.destroy();
  });
  await until(async () => (await open()) === 0, 'it is over');
});
