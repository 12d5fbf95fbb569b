import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const asks = join(import.meta.dirname, 'fixtures/asks-muster.mjs');

let place: Place;
let daemon: Talk;

beforeAll(async () => {
  place = await createPlace(`version: 1
modules:
  plain: ${asks}
  read: {module: ${asks}, control: read, isolation: shared}
  apply: {module: ${asks}, control: apply, isolation: process, stopTimeout: 1s}
`);
  await place.up();
  daemon = await talk(place);
});

afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

const asked = (name: string, topic: string, payload: unknown = {}) =>
  daemon.ask<Record<string, unknown>>(`${name}.ask`, { topic, payload });

test('a module asks of the daemon what its control allows, and is told what it would need', async () => {
  for (const name of ['plain', 'read', 'apply'])
    expect(await asked(name, 'muster.ping')).toMatchObject({ answer: { pid: await place.pid() } });
  expect(await asked('plain', 'muster.list')).toMatchObject({ code: 'EPERM', hint: expect.stringContaining('control: read') });
  expect(await asked('read', 'muster.list')).toMatchObject({
    answer: { modules: [{ name: 'apply' }, { name: 'plain' }, { name: 'read' }] },
  });
  expect(await asked('read', 'muster.restart', { names: ['plain'] })).toMatchObject({
    code: 'EPERM',
    hint: expect.stringContaining('control: apply'),
  });
  const { threadId } = await place.module('plain');
  expect(await asked('apply', 'muster.restart', { names: ['plain'] })).toMatchObject({ answer: { kind: 'Result', exitCode: 0 } });
  expect((await place.module('plain')).threadId).not.toBe(threadId);
  expect(await asked('apply', 'muster.nosuch')).toMatchObject({ code: 'ENOSYS' });
  expect(await asked('apply', 'muster.ping', { odd: 1 })).toMatchObject({ code: 'EINVAL' });
});

test('a change of control is in force at once, without a reload', async () => {
  const { threadId } = await place.module('plain');
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  plain: {module: ${asks}, control: read}
  read: {module: ${asks}, control: read, isolation: shared}
  apply: {module: ${asks}, control: apply, isolation: process, stopTimeout: 1s}
`,
  );
  await place.reload();
  expect(await asked('plain', 'muster.list')).toMatchObject({ answer: { modules: expect.any(Array) } });
  expect((await place.module('plain')).threadId).toBe(threadId);
});

test('a module follows what happens, in a stream that ends when it leaves', async () => {
  const taking = daemon.ask('read.take', { topic: 'muster.events', payload: { follow: true, lines: 1 }, count: 2 });
  await place.muster('restart', 'plain');
  expect(await taking).toEqual([expect.any(Array), expect.any(Array)]);
});

test('a module looks on at what others say', async () => {
  const taking = daemon.ask<{ records: { topic: string; from: string; to: string | null }[] }[]>('apply.take', {
    topic: 'muster.trace',
    payload: { names: ['plain'] },
    count: 3,
  });
  let looking = true;
  taking.finally(() => (looking = false)).catch(() => {});
  for (; looking; await new Promise((resolve) => setTimeout(resolve, 5))) await daemon.ask('plain.ping');
  const records = (await taking).flatMap((part) => part.records);
  expect(records.length).toBeGreaterThan(0);
  expect(records.every(({ topic, from, to }) => topic === 'plain.ping' && [from, to].sort().join() === 'client,plain')).toBe(true);
});

test('a module hears of each asker that is gone, wherever that was', async () => {
  const client = await talk(place);
  client.ask('read.wait').catch(() => {});
  await daemon.ask('read.ping');
  client[Symbol.dispose]();
  await until(async () => (await daemon.ask<string[]>('read.gone')).includes('client'), 'it heard of the client');
  await asked('apply', 'read.ping');
  await place.muster('restart', 'apply');
  await until(async () => (await daemon.ask<string[]>('read.gone')).includes('apply'), 'it heard of the process');
});

// The answer comes when all has ended, so the module that waits for it is ended by force.
test('the daemon ends when a module asks it to', async () => {
  const pid = await place.pid();
  expect(await asked('apply', 'muster.down').catch((error: { code: string }) => error.code)).toBeDefined();
  await until(() => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  }, 'the daemon is gone');
});
