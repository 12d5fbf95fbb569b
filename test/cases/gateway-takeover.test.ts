import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Result } from '../../src/model/plan.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

/** A gateway at a Unix socket, which has one address over all its starts. */
const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);
const entry = (arg: string, more: object = {}) => ({ module: fixture('message.mjs'), service: 'gateway', args: [arg], ...more });

let place: Place;
let daemon: Talk;
let socketPath = '';

async function up(components: object, more?: object): Promise<void> {
  await declare({ gateway: gateway(more), ...components });
  await place.up();
  daemon = await talk(place);
}
const gateway = (more: object = {}) => ({ module: 'builtin:gateway', config: { listen: `unix:${socketPath}` }, ...more });
const declare = (modules: object) => place.write('muster.yaml', `${JSON.stringify({ version: 1, modules }, null, 1)}\n`);

/** Requests for /slow are answered, and the component begins, once these files are there. */
const waits = () => ({ config: { answersWith: join(place.dir, 'go'), startsWith: join(place.dir, 'start') } });

beforeEach(async () => {
  place = await createPlace();
  socketPath = join(place.dir, 'web.sock');
});
afterEach(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

interface Answer {
  status: number;
  body: string;
}

/** Null: there was no connection, or none any more, before anything was answered. */
function ask(host: string, path = '/text'): Promise<Answer | null> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      if (response.statusCode === 503) expect(response.headers['retry-after']).toMatch(/^\d+$/);
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.once('error', () => resolve(null)).end();
  });
}
const statusOf = async (host: string) => (await ask(host))?.status ?? null;
const underWay = (name: string) =>
  until(async () => {
    const { components } = await daemon.ask<{ components: Record<string, { open: number }> }>('gateway.stats');
    return components[name]?.open === 1;
  }, `a request to ${name} is under way`);

/** The statuses of requests that go on and on until it is done. */
async function meanwhile(host: string, doing: Promise<unknown>): Promise<Set<number | null>> {
  const asked = [statusOf(host)];
  const steady = setInterval(() => asked.push(statusOf(host)), 10);
  await doing.finally(() => clearInterval(steady));
  return new Set(await Promise.all(asked));
}

test('under another name at the same address it is the same, and no request is lost to its components', async () => {
  await up({ a: entry('a') });
  const { pid, startedAt } = await place.module('gateway');
  await declare({ front: gateway(), a: entry('a', { service: 'front' }) });
  const reloaded = daemon.muster('reload', {}) as Promise<Result>;
  expect(await meanwhile('a', reloaded)).toEqual(new Set([201]));
  const { exitCode, changes } = await reloaded;
  const actions = changes.map(({ name, action }) => [name, action]);
  expect([exitCode, actions]).toEqual([
    0,
    [
      ['front', 'rename'],
      ['a', 'reload'],
    ],
  ]);
  expect(await place.module('front')).toMatchObject({ pid, startedAt });
});

test('who waits for a component when it is reloaded is told to come again, and holds nothing up', async () => {
  const limits = { queueTimeout: '1m', shutdownTimeout: '1m' };
  const begun = join(place.dir, 'begun');
  const a = { module: fixture('saves-slowly.mjs'), service: 'gateway', args: [begun] };
  await up({ a }, { config: { listen: `unix:${socketPath}`, limits } });
  const reloaded = place.muster('reload', 'gateway');
  await until(() => existsSync(begun), 'it saves');
  expect(await ask('a')).toMatchObject({ status: 503 });
  expect(await reloaded).toMatchObject({ code: 0 });
});

test('a reload puts its components back, requests that came before are answered, and those that come before they are back wait', async () => {
  await place.write('start', '');
  const limits = { shutdownTimeout: '1m' };
  await up({ a: entry('a', waits()) }, { config: { listen: `unix:${socketPath}`, limits }, stopTimeout: '1m' });
  const { startedAt } = await place.module('gateway');
  const begun = ask('a', '/slow');
  await underWay('a');
  await rm(join(place.dir, 'start'));
  const reloaded = place.muster('reload', 'gateway');
  await until(async () => (await place.module('gateway')).state === 'F', 'it stops');
  await place.write('go', '');
  expect(await begun).toEqual({ status: 200, body: 'slow a' });
  await until(async () => {
    const { state, startedAt: now } = await place.module('gateway');
    return state === 'R' && now !== startedAt;
  }, 'it is there again');
  const early = ask('a', '/slow');
  await underWay('a');
  await place.write('start', '');
  expect(await early).toEqual({ status: 200, body: 'slow a' });
  expect(await reloaded).toMatchObject({ code: 0 });
  await rm(join(place.dir, 'go'));
  const last = ask('a', '/slow');
  await underWay('a');
  const down = place.muster('down');
  await place.write('go', '');
  expect(await down).toMatchObject({ code: 0 });
  expect(await last).toEqual({ status: 200, body: 'slow a' });
});

test('with overlap it takes over the address, and nobody who is answered is turned away', async () => {
  await up({ a: entry('a'), gone: entry('gone') }, { reload: { strategy: 'overlap' } });
  const { startedAt } = await place.module('gateway');
  const reloaded = daemon.muster('reload', { name: 'gateway' });
  const seen = await meanwhile('a', reloaded);
  expect([...seen].filter((status) => status !== null)).toEqual([201]);
  expect(await reloaded).toMatchObject({
    exitCode: 0,
    changes: expect.arrayContaining([expect.objectContaining({ name: 'gateway', status: 'ok' })]),
  });
  expect((await place.module('gateway')).startedAt).not.toBe(startedAt);
  expect(await statusOf('a')).toBe(201);
});

test('after a crash of its runner nobody is told that there is nothing where components are on their way back', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `c${index}.org`);
  await up(Object.fromEntries(names.map((name) => [name, entry('x')])));
  await until(async () => (await statusOf('nobody.org')) === 421, 'it is known that there is no such host');
  const { pid } = await place.module('gateway');
  process.kill(pid ?? 0, 'SIGKILL');
  const seen = new Set<number | null>();
  await until(async () => {
    const all = await Promise.all(names.map(statusOf));
    for (const status of all) seen.add(status);
    return (await place.module('gateway')).pid !== pid && all.every((status) => status === 201);
  }, 'all are back');
  expect([...seen].filter((status) => status !== null && status !== 201 && status !== 503)).toEqual([]);
  await until(async () => (await statusOf('nobody.org')) === 421, 'it is known again');
});
