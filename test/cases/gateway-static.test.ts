import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Asked, http, raw } from '../support/http.ts';
import { createPlace, type Place } from '../support/place.ts';

let place: Place;
let port = 0;

beforeAll(async () => {
  place = await createPlace();
  await place.write('public/index.html', '<p>home</p>');
  await place.write('public/sub/index.html', '<p>sub</p>');
  await place.write('public/a b.txt', '0123456789');
  await place.write('public/.hidden', 'hidden');
  await place.write('secret.txt', 'secret');
  await mkdir(join(place.dir, 'public/empty'));
  await symlink('../secret.txt', join(place.dir, 'public/out.txt'));
  await symlink('..', join(place.dir, 'public/up'));
  await symlink('a b.txt', join(place.dir, 'public/within.txt'));
  const root = join(place.dir, 'public');
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  gateway: {module: builtin:gateway, config: {listen: "127.0.0.1:0"}}
  files.org: {module: builtin:static, service: gateway, config: {root: ${root}, maxAge: 1h}}
  below: {module: builtin:static, service: gateway, config: {root: ${root}, mount: /below}}
`,
  );
  await place.up();
  port = Number((await place.module('gateway')).status.message.split(':').at(-1));
});
afterAll(() => place?.[Symbol.asyncDispose]());

const ask = (path: string, more: Asked = {}) => http(port, path, { host: 'files.org', ...more });

test('files come with their type, length, age and tag, and a client that has them is told so', async () => {
  const got = await ask('/a%20b.txt');
  expect(got).toMatchObject({
    status: 200,
    body: '0123456789',
    headers: { 'content-length': '10', 'content-type': 'text/plain; charset=utf-8' },
  });
  expect(got.headers['cache-control']).toContain('max-age=3600');
  const { etag = '' } = got.headers;
  expect(await ask('/a%20b.txt', { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, body: '' });
  expect(await ask('/a%20b.txt', { headers: { range: 'bytes=2-4' } })).toMatchObject({
    status: 206,
    body: '234',
    headers: { 'content-range': 'bytes 2-4/10' },
  });
  expect((await ask('/a%20b.txt', { headers: { range: 'bytes=20-' } })).status).toBe(416);
  expect(await ask('/a%20b.txt', { method: 'HEAD' })).toMatchObject({ status: 200, body: '', headers: { 'content-length': '10' } });
  expect(await ask('/a%20b.txt', { method: 'PUT', body: 'x' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
});

test('a folder answers with its index, at its own URL', async () => {
  expect(await ask('/')).toMatchObject({ status: 200, body: '<p>home</p>', headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(await ask('/sub?x=1')).toMatchObject({ status: 301, headers: { location: '/sub/?x=1' } });
  expect((await ask('/sub/')).body).toBe('<p>sub</p>');
  expect((await ask('/empty/')).status).toBe(404);
  expect(await http(port, '/below')).toMatchObject({ status: 301, headers: { location: '/below/' } });
  expect((await http(port, '/below/sub/')).body).toBe('<p>sub</p>');
});

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/sub/..%2f..%2fsecret.txt',
  '/..%5csecret.txt',
  '/out.txt',
  '/up/secret.txt',
  '/up/',
  '/.hidden',
  '/sub/../.hidden',
  '/none',
  '/index.html/',
  '/%00',
  '/%ff',
  '//secret.txt',
])('%s leads to nothing', async (path) => {
  const got = await raw(port, `GET ${path} HTTP/1.1\r\nHost: files.org\r\nConnection: close\r\n\r\n`);
  expect(got).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(got).not.toMatch(/secret$|hidden$/);
});

test('links within the root are followed', async () => {
  expect((await ask('/within.txt')).body).toBe('0123456789');
});

test('what is neither a file nor a folder is not there', async () => {
  execFileSync('mkfifo', [join(place.dir, 'public/pipe')]);
  expect((await ask('/pipe')).status).toBe(404);
});

test('a root that is not there, or is no folder, is named', async () => {
  const load = (root: string) =>
    place.muster('load', '--name', 'lost', '--service', 'gateway', '--config', JSON.stringify({ root }), 'builtin:static');
  expect(await load('/nowhere')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('config.root: the folder /nowhere does not exist (ENOENT)'),
  });
  const file = join(place.dir, 'secret.txt');
  expect(await load(file)).toMatchObject({ code: 4, stderr: expect.stringContaining(`config.root: ${file} is no folder (ENOTDIR)`) });
});
