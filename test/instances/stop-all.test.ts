import { expect, test } from 'vitest';
import { code, command, createBench } from './bench.ts';

test('each is asked once all that need it are gone; the rest stops at the same time', async () => {
  const { instances, clock, events } = createBench(() => ({ stopAfter: 100 }));
  await instances.load(command('base'));
  await instances.load(command('mid', { requires: ['base'] }));
  await instances.load(command('top', { requires: [{ name: 'mid' }] }));
  await instances.load(command('alone'));
  events.length = 0;
  const { done } = instances.stopAll([]);
  await clock.advance(300);
  expect(await done).toEqual({ stopped: ['top', 'alone', 'mid', 'base'], killed: [], left: [] });
  const path = events.flatMap((event) => (event.type === 'state' ? [`${event.name} ${event.to}`] : []));
  expect(path).toEqual(['top F', 'alone F', 'top E', 'mid F', 'alone E', 'mid E', 'base F', 'base E']);
});

test('what a service loads stops before it, and who needs a service before the module that has it', async () => {
  const { instances } = createBench();
  await instances.load(code('store', { provides: ['db'] }));
  await instances.load(code('web', { requires: ['db'] }));
  await instances.load(code('web.a', { service: 'web' }));
  expect((await instances.stopAll([]).done).stopped).toEqual(['web.a', 'web', 'store']);
});

test('what ignores the request is killed after its stopTimeout and named', async () => {
  const { instances, clock } = createBench(({ name }) => (name === 'web' ? { stopAfter: 'never' } : {}));
  await instances.load(command('db'));
  await instances.load(command('web', { requires: ['db'], stopTimeout: '3s' }));
  const { done } = instances.stopAll([]);
  await clock.advance(3000);
  expect(await done).toEqual({ stopped: ['web', 'db'], killed: ['web'], left: [] });
});

test('now() ends all waits at once', async () => {
  const { instances, driver } = createBench(() => ({ stopAfter: 'never' }));
  await instances.load(command('db'));
  await instances.load(command('web', { requires: ['db'] }));
  const { done, now } = instances.stopAll([]);
  now();
  expect((await done).killed.sort()).toEqual(['db', 'web']);
  expect(driver.live()).toEqual([]);
});

test('one that cannot even be killed holds up the others and the end only for a while', async () => {
  const { instances, clock } = createBench(({ name }) => (name === 'web' ? { stopAfter: 'never', killAfter: 'never' } : {}));
  await instances.load(command('db'));
  await instances.load(command('web', { requires: ['db'], stopTimeout: '1s' }));
  const { done } = instances.stopAll([]);
  await clock.advance(6000);
  expect(await done).toEqual({ stopped: ['web', 'db'], killed: ['web'], left: [] });
});

test('with keep what can go on without the daemon is left when its turn comes, also where the end cannot wait', async () => {
  const { instances, clock, driver, events } = createBench(({ name }) => ({ stopAfter: 100, leaves: name !== 'code' }));
  await instances.load(command('db'));
  await instances.load(command('code', { requires: ['db'] }));
  await instances.load(command('web', { requires: ['code'] }));
  events.length = 0;
  const { done, now } = instances.stopAll([], { keep: true });
  await clock.advance(0);
  now();
  await clock.advance(100);
  expect(await done).toEqual({ stopped: ['code'], killed: ['code'], left: ['web', 'db'] });
  await instances.dispose();
  expect(driver.starts.map(({ name, told }) => [name, told])).toEqual([
    ['db', ['leave']],
    ['code', ['stop', 'kill']],
    ['web', ['leave']],
  ]);
  // What becomes of them is the affair of the next daemon.
  driver.last('db').exit({ code: 3 });
  await clock.advance(60_000);
  expect(events.flatMap((event) => (event.type === 'state' ? [`${event.name} ${event.to}`] : []))).toEqual(['code F', 'code E']);
});

test('starts and restarts are over with it, and what had failed is still shown so', async () => {
  const { instances, clock, driver } = createBench(({ name }) => (name === 'bad' ? { failStart: 'bad' } : { exitAfter: 100 }));
  await expect(instances.load(command('bad'))).rejects.toThrow('bad');
  await instances.load(command('loop'));
  await clock.advance(100);
  expect(instances.get('loop')?.state).toBe('B');
  const { done } = instances.stopAll([]);
  expect(await done).toEqual({ stopped: [], killed: [], left: [] });
  await clock.advance(60_000);
  expect(driver.starts).toHaveLength(2);
  expect(instances.get('bad')).toMatchObject({ state: 'E', failed: true });
  await expect(instances.load(command('new'))).rejects.toMatchObject({ code: 'ECANCELED' });
});

test('a start under way is cancelled, and a reload does not come back', async () => {
  const { instances, clock, driver } = createBench(({ name }) => (name === 'slow' ? { readyAfter: 'never' } : { stopAfter: 100 }));
  const slow = expect(instances.load(command('slow'))).rejects.toMatchObject({ code: 'ECANCELED' });
  await instances.load(command('web'));
  const replaced = instances.replace('web', command('web', { args: ['x'] }));
  const { done } = instances.stopAll([]);
  await clock.advance(100);
  await done;
  await slow;
  expect(await replaced).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
  await clock.flush();
  expect(driver.live()).toEqual([]);
});

test('a circle of needs does not block the end', async () => {
  const { instances } = createBench();
  await instances.load(command('a', { requires: ['b'] }));
  await instances.load(command('b', { requires: ['a'] }));
  expect((await instances.stopAll([]).done).stopped.sort()).toEqual(['a', 'b']);
});

test('dispose leaves nothing running and can be called twice', async () => {
  const { instances, driver, clock } = createBench(() => ({ stopAfter: 'never' }));
  await instances.load(command('a'));
  await Promise.all([instances.dispose(), instances.dispose()]);
  expect(driver.live()).toEqual([]);
  expect(clock.pending()).toBe(0);
});
