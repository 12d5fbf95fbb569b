import { afterEach, beforeEach, expect, test } from 'vitest';
import { requestWindow, waitingLimit } from '../../../src/model/bus.ts';
import { createWorld, type Member, refusal, settle, until, type World } from './setting.ts';

let world: World;
let asker: Member;
let worker: Member;
beforeEach(() => {
  world = createWorld();
  asker = world.join(world.realm(), 'asker');
  worker = world.join(world.realm(), 'worker');
});
afterEach(() => world[Symbol.dispose]());

test('so many requests are under way, the others wait in order', async () => {
  const answer: (() => void)[] = [];
  const begun: number[] = [];
  worker.bus.handle('job', ({ payload }) => {
    begun.push(payload);
    return new Promise<void>((resolve) => answer.push(resolve));
  });
  const jobs = Array.from({ length: requestWindow + 10 }, (_, n) => asker.bus.request('worker.job', n));
  await until(() => expect(begun.length).toBe(requestWindow));
  await settle();
  expect(begun.length).toBe(requestWindow);
  for (const resolve of answer.splice(0, 5)) resolve();
  await until(() => expect(begun.length).toBe(requestWindow + 5));
  while (begun.length < jobs.length) {
    for (const resolve of answer.splice(0)) resolve();
    await settle(1);
  }
  for (const resolve of answer.splice(0)) resolve();
  await Promise.all(jobs);
  expect(begun).toEqual(jobs.map((_, n) => n));
});

test('beyond those that may wait requests fail with EBUSY, those of other modules do not', async () => {
  const other = world.join(asker.realm, 'other');
  worker.bus.handle('job', () => 1);
  world.park('worker');
  const jobs = Array.from({ length: waitingLimit }, () => asker.bus.request('worker.job'));
  expect((await refusal(asker.bus.request('worker.job'))).code).toBe('EBUSY');
  const beside = other.bus.request('worker.job');
  world.unpark('worker');
  expect(await beside).toBe(1);
  await Promise.all(jobs);
});

test('beyond those that may wait for a busy module requests fail with EBUSY', async () => {
  const answer: (() => void)[] = [];
  worker.bus.handle('job', () => new Promise<void>((resolve) => answer.push(resolve)));
  const first = asker.bus.request('worker.job');
  await until(() => expect(answer.length).toBe(1));
  const jobs = Array.from({ length: requestWindow - 1 + waitingLimit }, () => asker.bus.request('worker.job'));
  expect((await refusal(asker.bus.request('worker.job'))).code).toBe('EBUSY');
  const failures = Promise.allSettled([first, ...jobs]);
  world.leave(asker);
  expect((await failures).every(({ status }) => status === 'rejected')).toBe(true);
});

test('a request that timed out gives its place to the next', async () => {
  const begun: string[] = [];
  worker.bus.handle('job', ({ payload }) => {
    begun.push(payload);
    return new Promise(() => {});
  });
  const first = Array.from({ length: requestWindow }, () => refusal(asker.bus.request('worker.job', 'first', { timeout: 200 })));
  const second = asker.bus.request('worker.job', 'second');
  second.catch(() => {});
  expect(new Set((await Promise.all(first)).map(({ code }) => code))).toEqual(new Set(['ETIMEDOUT']));
  await until(() => expect(begun.at(-1)).toBe('second'));
});

test('how many wait for a module that is being replaced is told, and that they no longer do', async () => {
  worker.bus.handle('job', () => 1);
  world.park('worker');
  const jobs = [1, 2, 3].map(() => asker.bus.request('worker.job'));
  await until(() => expect(world.waiting).toEqual([{ from: asker.address, prefix: 'worker', count: 3 }]));
  jobs.push(asker.bus.request('worker.job'));
  await until(() => expect(world.waiting.at(-1)?.count).toBe(4));
  world.unpark('worker');
  await Promise.all(jobs);
  expect(world.waiting.at(-1)?.count).toBe(0);
});
