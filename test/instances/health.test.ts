import { expect, test } from 'vitest';
import { command, createBench } from './bench.ts';

const watched = (more: object = {}) => command('web', { health: { tcp: '80', onFailure: 'restart', ...more } });

test('while it waits before its launch it is I without a bound, says for what, and is bounded from the launch', async () => {
  const { instances, clock, driver } = createBench(() => ({ readyAfter: 'never' }));
  const loaded = instances.load(command('web', { waitFor: { delay: '1s' } })).catch((error: unknown) => error);
  const { hooks } = driver.last('web');
  hooks.waiting('file /flag');
  await clock.advance(300_000);
  expect(instances.view('web')).toMatchObject({ state: 'I', status: { message: 'waiting for file /flag' } });
  hooks.waiting(null);
  expect(instances.view('web')).toMatchObject({ state: 'I', status: { message: '' } });
  await clock.advance(20_000);
  hooks.launched();
  await clock.advance(29_999);
  expect(instances.get('web')?.state).toBe('I');
  await clock.advance(1);
  expect(await loaded).toMatchObject({ code: 'ETIMEDOUT', message: 'web was not running after 30s (startTimeout)' });
});

test('a start that waits is cancelled by a removal', async () => {
  const { instances, clock, driver } = createBench(() => ({ readyAfter: 'never' }));
  const loaded = instances.load(command('web')).catch((error: unknown) => error);
  driver.last('web').hooks.waiting('file /flag');
  const removed = instances.remove('web');
  await clock.flush();
  await removed;
  expect(await loaded).toMatchObject({ code: 'ECANCELED' });
  expect(instances.view('web')).toBeUndefined();
});

test('the timeout of the ready test stands for startTimeout, whichever is longer, from the launch', async () => {
  const { instances, clock, driver } = createBench(() => ({ readyAfter: 'never' }));
  const loaded = instances
    .load(command('web', { startTimeout: '5s', ready: { tcp: '80', timeout: '40s' } }))
    .catch((error: unknown) => error);
  driver.last('web').hooks.launched();
  await clock.advance(39_999);
  expect(instances.get('web')?.state).toBe('I');
  await clock.advance(1);
  expect(await loaded).toMatchObject({ message: 'web was not running after 40s (ready.timeout)' });
});

test('a program may ask for more time to start and to stop, never for less', async () => {
  const { instances, clock, driver } = createBench(() => ({ readyAfter: 45_000, stopAfter: 'never' }));
  const loaded = instances.load(command('web'));
  await clock.advance(25_000);
  driver.last('web').hooks.extend(1000);
  driver.last('web').hooks.extend(25_000);
  await clock.advance(20_000);
  await loaded;
  driver.last('web').hooks.extend(1);
  const removed = instances.remove('web');
  await clock.advance(9000);
  driver.last('web').hooks.extend(20_000);
  await clock.advance(19_999);
  expect(driver.last('web').told).toEqual(['stop']);
  await clock.advance(1);
  await removed;
  expect(driver.last('web').told).toEqual(['stop', 'kill']);
});

test('one that is only marked is shown unhealthy with the reason until it is well again, and runs on', async () => {
  const { instances, driver, events, clock } = createBench();
  await instances.load(watched({ onFailure: 'mark' }));
  const { hooks } = driver.last('web');
  hooks.status('info', 'serving');
  hooks.health('tcp 80: connection refused');
  await clock.advance(1000);
  hooks.health('tcp 80: no answer in time');
  expect(instances.view('web')).toMatchObject({
    state: 'R',
    failed: false,
    healthy: false,
    status: { level: 'error', message: 'unhealthy: tcp 80: no answer in time' },
  });
  hooks.health(null);
  hooks.health(null);
  expect(instances.view('web')).toMatchObject({ healthy: true, status: { level: 'info', message: 'serving' } });
  expect(events.filter(({ type }) => type === 'health')).toEqual([
    { type: 'health', name: 'web', healthy: false, reason: 'unhealthy: tcp 80: connection refused' },
    { type: 'health', name: 'web', healthy: true, reason: 'well again' },
  ]);
  expect(driver.last('web').told).toEqual([]);
});

test('one that is to be restarted is stopped, and comes back by its policy with the reason', async () => {
  const { instances, driver, path, clock } = createBench((_, nth) => ({ stopAfter: nth === 0 ? 'never' : 0 }));
  await instances.load(watched());
  driver.last('web').hooks.health('tcp 80: connection refused');
  driver.last('web').hooks.health('tcp 80: connection refused');
  expect(instances.view('web')).toMatchObject({ state: 'F', healthy: false });
  await clock.advance(10_000);
  expect(driver.last('web').told).toEqual(['stop', 'kill']);
  expect(instances.view('web')).toMatchObject({
    state: 'B',
    lastExit: { signal: 'SIGKILL', reason: 'unhealthy: tcp 80: connection refused', error: 'stopped for that: killed by SIGKILL' },
    status: { level: 'error', message: 'unhealthy: tcp 80: connection refused; again after 1s' },
  });
  await clock.advance(1000);
  expect(instances.view('web')).toMatchObject({ state: 'R', restarts: 1, healthy: true, status: { message: '' } });
  expect(path('web')).toBe('I R F B I R');
});

test.each([
  ['never', 'E', true],
  ['onFailure', 'B', false],
] as const)('that it was not well is a failure whatever its exit code: under %s it is %s, failed %s', async (policy, state, failed) => {
  const { instances, driver, clock } = createBench();
  await instances.load(command('web', { health: { tcp: '80' }, restart: { policy }, exitStatus: { success: [0, 7], noRestart: [7] } }));
  driver.last('web').hooks.health('tcp 80: connection refused');
  driver.last('web').exit({ code: 7 });
  await clock.flush();
  expect(instances.get('web')).toMatchObject({ state, failed });
});

test('what is said of it while it starts or stops does not count, and a removal goes before a restart', async () => {
  const { instances, driver, clock, events } = createBench(() => ({ readyAfter: 100, stopAfter: 100 }));
  const loaded = instances.load(watched());
  driver.last('web').hooks.health('too early');
  await clock.advance(100);
  await loaded;
  driver.last('web').hooks.health('tcp 80: connection refused');
  const removed = instances.remove('web');
  driver.last('web').hooks.health('too late');
  await clock.advance(100);
  await removed;
  await clock.advance(100_000);
  expect(instances.view('web')).toBeUndefined();
  expect(driver.starts).toHaveLength(1);
  expect(events.filter(({ type }) => type === 'health')).toHaveLength(1);
});
