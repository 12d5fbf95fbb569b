import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { post } from '../../src/notify/post.ts';
import { createReceiver } from '../support/receiver.ts';

const note = { headers: { 'X-Team': 'a' }, id: 'id-1', body: '{"id":"id-1"}' };
const never = new AbortController().signal;

test('is taken with 2xx alone, and goes nowhere else', async () => {
  await using receiver = await createReceiver();
  await post({ ...note, url: receiver.url, isShown: true }, never);
  expect(receiver.got[0]).toMatchObject({
    body: { id: 'id-1' },
    headers: { 'x-team': 'a', 'idempotency-key': 'id-1', 'content-length': '13' },
  });
  const host = new URL(receiver.url).host;
  for (const [fault, message] of [
    ['refuse', `${host} answers 503 Service Unavailable`],
    ['redirect', `${host} answers 302: redirects are not followed`],
    ['reset', 'socket hang up'],
  ] as const) {
    receiver.faults(fault);
    await expect(post({ ...note, url: receiver.url, isShown: true }, never)).rejects.toThrow(message);
  }
});

test('ends with what the signal says when nobody answers', async () => {
  await using receiver = await createReceiver();
  receiver.faults('hang');
  const controller = new AbortController();
  const sent = post({ ...note, url: receiver.url, isShown: true }, controller.signal);
  setTimeout(() => controller.abort(new Error('no answer within 1s')), 50);
  await expect(sent).rejects.toThrow('no answer within 1s');
});

test('tells nothing of an address that is secret, neither its host nor what it is instead of a URL', async () => {
  await using receiver = await createReceiver();
  receiver.faults('refuse', 'reset');
  const said = async (url: string): Promise<string> => {
    const error = await post({ ...note, url, isShown: false }, never).catch((thrown: Error) => thrown);
    return (error as Error).message;
  };
  expect(await said(receiver.url)).toBe('the receiver answers 503 Service Unavailable');
  expect(await said(receiver.url)).toBe('the connection failed (ECONNRESET)');
  expect(await said('http://127.0.0.1:1/hush')).toBe('the connection failed (ECONNREFUSED)');
  for (const url of ['hush', 'ftp://hush/', 'http://'])
    expect(await said(url)).toBe('the secret is no URL that begins with https:// or http://');
});

test('a certificate that nobody vouches for is not believed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-tls-'));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=127.0.0.1',
  ];
  await promisify(execFile)('openssl', [...args, '-keyout', key, '-out', cert]);
  let asked = 0;
  const server = createServer({ key: await readFile(key), cert: await readFile(cert) }, (_request, response) => {
    asked += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(post({ ...note, url, isShown: true }, never)).rejects.toThrow(/self-signed certificate/);
    expect(asked).toBe(0);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
