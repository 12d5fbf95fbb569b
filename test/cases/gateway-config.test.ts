import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect as connectPlain, createServer } from 'node:net';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../src/model/plan.ts';
import { freePort } from '../support/free-port.ts';
import { http } from '../support/http.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);

/** One gateway, reconfigured by each test. */
let place: Place;
let daemon: Talk;
const first = { listen: '127.0.0.1:0' };

beforeAll(async () => {
  place = await createPlace();
  await declare(first);
  await place.up();
  daemon = await talk(place);
});
afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

async function declare(config: object): Promise<void> {
  const modules = {
    gateway: { module: 'builtin:gateway', config },
    a: {
      module: fixture('message.mjs'),
      service: 'gateway',
      config: { mount: ['/', 'a.org', 'b.org'], answersWith: join(place.dir, 'go') },
    },
  };
  await place.write('muster.yaml', `${JSON.stringify({ version: 1, modules }, null, 1)}\n`);
}
async function reload(config: object): Promise<Result> {
  await declare(config);
  return (await daemon.muster('reload', {})) as Result;
}
async function changed(config: object): Promise<void> {
  const { changes } = await reload(config);
  expect(changes).toMatchObject([{ name: 'gateway', action: 'reconfigure', status: 'ok' }]);
}
async function portOf(scheme = 'http'): Promise<number> {
  const { message } = (await place.module('gateway')).status;
  return Number(new RegExp(`${scheme}://127\\.0\\.0\\.1:(\\d+)`).exec(message)?.[1]);
}

test.each([
  [{ listen: '127.0.0.1:70000' }, 'config.listen is an address such as 127.0.0.1:8080'],
  [{ listen: [] }, 'config.listen names at least one address'],
  [{ listen: ['127.0.0.1:1', '127.0.0.1:1'] }, 'config.listen names each address once'],
  [{ listen: ['127.0.0.1:1', '0.0.0.0:1'] }, 'config.listen names each address once'],
  [{ listen: 'unix:web.sock' }, 'config.listen is an absolute path'],
  [{ listne: '127.0.0.1:0' }, 'config.listne is unknown; did you mean listen?'],
  [{ limits: { maxBody: 'much' } }, 'config.limits.maxBody is a size such as 64K'],
  [{ limits: { idleTimeout: 5 } }, 'config.limits.idleTimeout is a duration such as 250ms'],
  [{ limits: { maxRequests: 0 } }, 'config.limits.maxRequests is a whole number from 1 up'],
  [{ tls: { cert: '/nowhere.pem' } }, 'config.tls.key is text, found nothing'],
  [{ accessLog: 'access.log' }, 'config.accessLog is true, false or an absolute path'],
  [{ trustProxies: ['10.0.0.0/33'] }, 'config.trustProxies[0] is an address or a network such as 10.0.0.0/8'],
])('%j is refused where it stands, and nothing is touched', async (config, message) => {
  const before = await portOf();
  await declare({ ...first, ...config });
  const valid = await place.muster('validate', '-o', 'json');
  const { diagnostics } = JSON.parse(valid.stdout) as { diagnostics: { line: number; column: number; message: string }[] };
  expect([valid.code, diagnostics]).toEqual([1, [expect.objectContaining({ message: expect.stringContaining(message) })]]);
  expect(diagnostics[0]?.line).toBeGreaterThan(1);
  expect(await daemon.muster('reload', {})).toMatchObject({ outcome: 'error', exitCode: 1, changes: [] });
  expect(await http(before, '/text')).toMatchObject({ status: 201 });
});

test.each([
  [{ tls: { cert: '/nowhere.pem', key: '/nowhere.key' } }, 'cannot read /nowhere.pem: ENOENT'],
  [{ accessLog: '/nowhere/access.log' }, 'config.accessLog: ENOENT'],
  [{ listen: 'unix:/nowhere/web.sock' }, 'cannot listen on unix:/nowhere/web.sock: the folder /nowhere does not exist (ENOENT)'],
  [{ listen: '192.0.2.1:1' }, 'cannot listen on 192.0.2.1:1: this machine has no such address (EADDRNOTAVAIL)'],
])('%j is refused, and the gateway serves on as it was', async (config, message) => {
  const before = await portOf();
  const { changes, exitCode } = await reload({ ...first, ...config });
  expect(changes).toMatchObject([{ name: 'gateway', status: 'reverted', error: { message: expect.stringContaining(message) } }]);
  expect(exitCode).toBe(4);
  expect(await http(before, '/text')).toMatchObject({ status: 201 });
});

test('an address that somebody else has is named', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const { changes } = await reload({ listen: `127.0.0.1:${port}` });
  expect(changes[0]?.error?.message).toContain(`cannot listen on 127.0.0.1:${port}: somebody else listens there (EADDRINUSE)`);
  await new Promise((resolve) => other.close(resolve));
});

test('addresses come and go, new ones first; what is under way at an old one is finished', async () => {
  const before = await portOf();
  const socket = join(place.dir, 'web.sock');
  const slow = http(before, '/slow');
  await until(async () => JSON.stringify(await daemon.ask('gateway.stats')).includes('"open":1'), 'it is under way');
  const change = changed({ listen: [`unix:${socket}`, '[::1]:0'] });
  await until(async () => (await overSocket(socket).catch(() => 0)) === 201, 'the new one is there');
  await place.write('go', '');
  await change;
  expect((await slow).status).toBe(200);
  await expect(http(before, '/text')).rejects.toThrow(/ECONNREFUSED/);
  expect((await place.module('gateway')).status.message).toMatch(/^listening on unix:.*web\.sock, http:\/\/\[::1\]:\d+$/);
  expect(await overSocket(socket)).toBe(201);
  await changed(first);
  await expect(overSocket(socket)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});

test('limits and the access log change without a dropped connection', async () => {
  const file = join(place.dir, 'access.log');
  await changed({ ...first, accessLog: file });
  const port = await portOf();
  const kept = connectPlain(port, '127.0.0.1');
  const answer = (text: string) =>
    new Promise<string>((resolve) => {
      kept.once('data', (chunk) => resolve(String(chunk)));
      kept.write(text);
    });
  const post = 'POST /text?token=hidden HTTP/1.1\r\nHost: a.org\r\nContent-Length: 5\r\n\r\nhello';
  expect(await answer(post)).toContain('201 Created');
  await until(() => readFileSync(file, 'utf8').endsWith('\n'), 'the line is written');
  expect(readFileSync(file, 'utf8')).toMatch(/^\S+Z 127\.0\.0\.1 a\.org "POST \/text HTTP\/1\.1" 201 4 \d+\.\dms a\n$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  await changed({ ...first, accessLog: true, limits: { maxBody: 4 } });
  expect(await answer(post)).toContain('413 ');
  kept.destroy();
  const lines = async () => (await daemon.muster('logs', { names: ['gateway'] })).map(({ text }) => text);
  await until(async () => (await lines()).some((line) => /"POST \/text HTTP\/1\.1" 413/.test(line)), 'the line is in the log');
});

test('who stands before it is believed only if it is trusted', async () => {
  const headers = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' };
  const seen = async () => JSON.parse((await http(await portOf(), '/echo', { headers })).body).headers;
  await changed(first);
  expect(await seen()).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
  await changed({ ...first, trustProxies: ['127.0.0.0/8'] });
  expect(await seen()).toMatchObject({ 'x-forwarded-for': '6.6.6.6, 127.0.0.1', 'x-forwarded-proto': 'https' });
});

describe('TLS', () => {
  const pem = (name: string) => join(place.dir, `tls/${name}`);
  const tls = () => ({ cert: pem('cert.pem'), key: pem('key.pem') });

  /** Another certificate in the files of that name. */
  async function certify(name: string, prefix = ''): Promise<void> {
    await mkdir(join(place.dir, 'tls'), { recursive: true });
    const files = ['-keyout', pem(`${prefix}key.pem`), '-out', pem(`${prefix}cert.pem`)];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', '-subj', `/CN=${name}`, ...files]);
  }
  function shownAt(port: number, servername = 'localhost'): Promise<PeerCertificate> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }

  test('a changed certificate is shown to who comes then, without a dropped connection; one that does not fit is not', async () => {
    await certify('one');
    await changed({ ...first, tls: tls() });
    const port = await portOf('https');
    expect((await shownAt(port)).subject.CN).toBe('one');
    const kept = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => kept.once('secureConnect', resolve));

    await certify('two');
    await until(async () => (await shownAt(port)).subject.CN === 'two', 'the new one is shown', 30_000);
    await writeFile(pem('cert.pem'), 'no certificate');
    await until(async () => (await place.module('gateway')).status.level === 'warn', 'the status tells', 30_000);
    expect((await place.module('gateway')).status.message).toContain('tls/cert.pem');
    expect((await shownAt(port)).subject.CN).toBe('two');

    const answer = new Promise((resolve) => kept.once('data', resolve));
    kept.write('POST /echo HTTP/1.1\r\nHost: a.org\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nby');
    expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 .*"x-forwarded-proto":"https".*"body":"by"/s);
  });

  test('an address that stays can change to TLS and back', async () => {
    await certify('all');
    const port = await freePort();
    const listen = `127.0.0.1:${port}`;
    await changed({ listen });
    expect((await http(port, '/text')).status).toBe(201);
    await changed({ listen, tls: tls() });
    expect((await shownAt(port)).subject.CN).toBe('all');
    await changed({ listen });
    expect((await http(port, '/text')).status).toBe(201);
  });

  test('each host may have its own', async () => {
    await certify('all');
    await certify('b', 'b-');
    await changed({ ...first, tls: { ...tls(), hosts: { 'b.org': { cert: pem('b-cert.pem'), key: pem('b-key.pem') } } } });
    const port = await portOf('https');
    expect((await shownAt(port, 'b.org')).subject.CN).toBe('b');
    expect((await shownAt(port, 'a.org')).subject.CN).toBe('all');
  });
});

function overSocket(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/text', agent: false }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });
}
