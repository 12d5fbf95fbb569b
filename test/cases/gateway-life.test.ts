import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Result } from '../../src/model/plan.ts';
import { type Answered, http } from '../support/http.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);

let place: Place;
let daemon: Talk;
let port = 0;
const agents: Agent[] = [];

async function up(components: object, config: object = {}): Promise<void> {
  await declare(components, config);
  await place.up();
  daemon = await talk(place);
  port = Number((await place.module('gateway')).status.message.split(':').at(-1));
}
async function declare(components: object, config: object = {}): Promise<void> {
  const gateway = { module: 'builtin:gateway', config: { listen: '127.0.0.1:0', ...config } };
  const modules = { gateway, other: join(import.meta.dirname, 'fixtures/tiny.mjs'), ...components };
  await place.write('muster.yaml', `${JSON.stringify({ version: 1, modules, policy: { maxRemovals: '100%' } }, null, 1)}\n`);
}
async function reload(components: object, config?: object): Promise<Result> {
  await declare(components, config);
  return (await daemon.muster('reload', {})) as Result;
}
beforeEach(async () => {
  place = await createPlace();
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

const entry = (arg: string, more: object = {}) => ({ module: fixture('message.mjs'), service: 'gateway', args: [arg], ...more });
/** Requests for /slow are answered, and the component begins, once that file is there. */
const answersWith = (file: string) => ({ answersWith: join(place.dir, file) });
const startsWith = (file: string) => ({ startsWith: join(place.dir, file) });
const ask = (host: string, path = '/slow') => http(port, path, { host });
const underWay = (name: string, count: number) =>
  until(async () => {
    const { components } = await daemon.ask<{ components: Record<string, { open: number }> }>('gateway.stats');
    return components[name]?.open === count;
  }, `${count} requests to ${name} are under way`);
const statuses = (answers: readonly Answered[]) => answers.map(({ status }) => status);

test('a removed component finishes what it has begun with, and gets nothing new; its connections are closed, others are not', async () => {
  await up({ a: entry('a'), b: entry('b', { config: answersWith('go') }) });
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const idle = connect(port, '127.0.0.1', () => idle.write('GET /text HTTP/1.1\r\nHost: b\r\n\r\n'));
  const idleClosed = new Promise((resolve) => idle.once('close', resolve));
  const kept = connect(port, '127.0.0.1', () => kept.write('GET /text HTTP/1.1\r\nHost: a\r\n\r\n'));
  await Promise.all([idle, kept].map((socket) => new Promise((resolve) => socket.once('data', resolve))));
  const before = http(port, '/slow', { host: 'b', agent });
  await underWay('b', 1);

  const reloaded = reload({ a: entry('a') });
  await idleClosed;
  expect(await ask('b', '/text')).toMatchObject({ status: 421 });
  expect((await daemon.refusal('b.seen')).code).toBe('ENOSYS');
  await place.write('go', '');
  expect(await before).toMatchObject({ status: 200, body: 'slow b', headers: { connection: 'close' } });
  expect((await reloaded).exitCode).toBe(0);
  const again = new Promise((resolve) => kept.once('data', resolve));
  kept.write('GET /text HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(String(await again)).toContain('201 Created');
  kept.destroy();
});

test('what is not done when its stopTimeout is over is cut off, and nothing of the old one is heard when it is declared again', async () => {
  await up({ b: entry('old', { stopTimeout: '1s' }) });
  const hanging = ask('b', '/hangs');
  await underWay('b', 1);
  expect((await reload({})).exitCode).toBe(0);
  expect((await hanging).status).toBe(503);
  expect((await reload({ b: entry('new') })).exitCode).toBe(0);
  expect((await ask('b', '/slow')).body).toBe('slow new');
});

test('a component that fails, or is stopped by hand, is 503 until it is there again', async () => {
  const retry = { restart: { policy: 'always', backoff: { initial: '2s', max: '2s' } } };
  await up({ a: entry('a', retry) });
  const crashed = await ask('a', '/crash');
  expect([crashed.status, crashed.headers['retry-after']]).toEqual([503, '1']);
  expect(await ask('a', '/text')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  await until(async () => (await ask('a', '/text')).status === 201, 'it is there again');
  await place.muster('stop', 'a');
  expect((await ask('a', '/text')).status).toBe(503);
  await place.muster('start', 'a');
  expect((await ask('a', '/text')).status).toBe(201);
});

test('one that never came up is 503 too, and goes from the table when it is dropped', async () => {
  await up({ a: entry('a') });
  const broken = { x: entry('x', { module: fixture('throws.mjs'), restart: { policy: 'never' } }) };
  expect((await reload({ a: entry('a'), ...broken })).changes).toMatchObject([{ name: 'x', status: 'failed' }]);
  expect((await ask('x')).status).toBe(503);
  expect((await reload({ a: entry('a') })).exitCode).toBe(0);
  await until(async () => (await ask('x')).status === 421, 'the domain is free');
  expect((await reload({ a: entry('a'), y: entry('y', { config: { mount: 'x' } }) })).exitCode).toBe(0);
  expect((await ask('x')).body).toBe('slow y');
});

test('during a reload requests wait, up to the limit, and those beyond it are told when to come back', async () => {
  await up({ a: entry('1') }, { limits: { maxRequests: 10 } });
  const reloaded = reload({ a: entry('2', { config: startsWith('go') }) }, { limits: { maxRequests: 10 } });
  await until(async () => (await place.module('a')).state === 'I', 'the next one is starting');
  let refused = 0;
  const asked = Array.from({ length: 15 }, async () => {
    const answer = await ask('a');
    if (answer.status === 503) refused += 1;
    return answer;
  });
  await until(() => refused === 5, 'those beyond it are refused');
  await place.write('go', '');
  const answers = await Promise.all(asked);
  expect(statuses(answers).sort()).toEqual([...Array(10).fill(200), ...Array(5).fill(503)]);
  expect(answers.filter(({ status }) => status === 200).map(({ body }) => body)).toEqual(Array(10).fill('slow 2'));
  expect(answers.find(({ status }) => status === 503)?.headers['retry-after']).toBe('1');
  expect((await reloaded).exitCode).toBe(0);
});

test('who waits too long for the next one is told when to come back', async () => {
  await up({ a: entry('1') }, { limits: { queueTimeout: '200ms' } });
  const reloaded = reload({ a: entry('2', { config: startsWith('go') }) }, { limits: { queueTimeout: '200ms' } });
  await until(async () => (await place.module('a')).state === 'I', 'the next one is starting');
  expect(statuses([await ask('a')])).toEqual([503]);
  await place.write('go', '');
  expect((await reloaded).exitCode).toBe(0);
  expect((await ask('a')).body).toBe('slow 2');
});

test('with overlap the old one answers until the new one runs, and finishes what it has begun with', async () => {
  const overlap = { reload: { strategy: 'overlap' } };
  await up({ a: entry('1', { ...overlap, config: answersWith('end') }) });
  const argsOf = async () => JSON.parse((await ask('a', '/echo')).body).args;
  const begun = ask('a');
  await underWay('a', 1);
  const reloaded = reload({ a: entry('2', { ...overlap, config: startsWith('go') }) });
  await until(
    async () => (await daemon.muster('logs', { names: ['a'] })).some(({ text }) => text === 'starts 2'),
    'the next one is starting',
  );
  expect(await argsOf()).toEqual(['1']);
  await place.write('go', '');
  await until(async () => (await argsOf())[0] === '2', 'the next one answers');
  await place.write('end', '');
  expect((await begun).body).toBe('slow 1');
  expect((await reloaded).exitCode).toBe(0);
  expect((await ask('a')).body).toBe('slow 2');

  const failed = await reload({ a: entry('3', { ...overlap, module: fixture('throws.mjs') }) });
  expect(failed.changes).toMatchObject([{ name: 'a', status: 'reverted' }]);
  expect((await ask('a')).body).toBe('slow 2');
});

test('a component is mounted elsewhere, and renamed, without losing a request', async () => {
  await up({ a: entry('a') });
  expect((await reload({ c: entry('a', { renamedFrom: 'a' }) })).changes).toMatchObject([{ action: 'rename', status: 'ok' }]);
  expect([(await ask('a')).status, (await ask('c')).body]).toEqual([421, 'slow a']);
  const taken = await place.muster('load', '--name', 'd', '--service', 'gateway', '--config', '{"mount": "c"}', fixture('message.mjs'));
  expect(taken).toMatchObject({ code: 4, stderr: expect.stringMatching(/"c" is taken by "c" \(EEXIST\)/) });
});

test('a change that would mount it where it cannot be is refused before it hears of it, and it stays where it was', async () => {
  const b = entry('b');
  const taker = (config: object) => ({ module: fixture('takes-config.mjs'), service: 'gateway', config });
  await up({ a: taker({ mount: '/a' }), b });
  for (const [mount, message] of [
    ['c d/e', 'config.mount is a path such as /shop'],
    [7, 'config.mount is text'],
    ['b', '"b" is taken by "b"'],
  ] as const) {
    const ran = await place.muster('set', '--json', '--override', 'a:mount', JSON.stringify(mount));
    const { changes } = JSON.parse(ran.stdout) as Result;
    expect(changes).toMatchObject([{ name: 'a', action: 'reconfigure', status: 'reverted' }]);
    expect([ran.code, changes[0]?.error?.message]).toEqual([4, expect.stringContaining(message)]);
    expect((await ask('any', '/a')).body).toBe('{"mount":"/a"} in 0 changes');
  }
  expect((await reload({ a: taker({ mount: '/c' }), b })).exitCode).toBe(0);
  expect((await ask('any', '/c')).body).toBe('{"mount":"/c"} in 1 changes');
});

test('places change hands within one edit, whoever comes first and however they are changed', async () => {
  const a = (mount: string) => ({ module: fixture('takes-config.mjs'), service: 'gateway', config: { mount } });
  const b = (mount: string) => entry('b', { config: { mount } });
  const bodies = async (...paths: string[]) =>
    Promise.all(paths.map(async (path) => (await ask('any', path)).body.replace(/^.*"args":\["b"\].*("mount":"[^"]+").*$/, 'b $1')));
  await up({ a: a('/1'), b: b('/2') });
  expect((await reload({ a: a('/2'), b: b('/1') })).exitCode).toBe(0);
  expect(await bodies('/2', '/1')).toEqual(['{"mount":"/2"} in 1 changes', 'b "mount":"/1"']);
  expect((await reload({ a: a('/1'), b: b('/3') })).exitCode).toBe(0);
  expect(await bodies('/1', '/3')).toEqual(['{"mount":"/1"} in 2 changes', 'b "mount":"/3"']);
  expect((await reload({ a: a('/3') })).exitCode).toBe(0);
  expect(await bodies('/3')).toEqual(['{"mount":"/3"} in 3 changes']);
  expect((await reload({ a: a('/1'), c: a('/3') })).exitCode).toBe(0);
  expect((await reload({ a: a('/3'), c: a('/1') })).exitCode).toBe(0);
  expect(await bodies('/3', '/1')).toEqual(['{"mount":"/3"} in 5 changes', '{"mount":"/1"} in 1 changes']);
});
