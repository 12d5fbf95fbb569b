import { describe, expect, test } from 'vitest';
import { code, command, createBench } from './bench.ts';

const crash = { exitAfter: 100, exit: { code: 1 }, output: ['last words'] };

test('a command that ends is B for the delay and then runs again', async () => {
  const { instances, clock, path, events, driver } = createBench((_, nth) => (nth === 0 ? crash : {}));
  await instances.load(command('web'));
  await clock.advance(100);
  expect(instances.view('web')).toMatchObject({
    state: 'B',
    failed: false,
    healthy: false,
    pid: null,
    restarts: 0,
    lastExit: { code: 1, signal: null, reason: 'exited with code 1' },
    status: { level: 'error', message: 'exited with code 1; again after 1s' },
  });
  await clock.advance(1000);
  expect(instances.view('web')).toMatchObject({ state: 'R', healthy: true, restarts: 1, status: { level: 'core', message: '' } });
  expect(path('web')).toBe('I R B I R');
  expect(events).toContainEqual({ type: 'restart', name: 'web', delayMs: 1000, attempt: 1 });
  expect(driver.starts).toHaveLength(2);
});

test.each([
  ['never', 0, 'E', false],
  ['never', 1, 'E', true],
  ['onFailure', 0, 'E', false],
  ['onFailure', 1, 'B', false],
  ['always', 0, 'B', false],
  ['always', 1, 'B', false],
] as const)('policy %s after exit code %i leads to %s, failed %s', async (policy, exitCode, state, failed) => {
  const { instances, clock } = createBench(() => ({ exitAfter: 100, exit: { code: exitCode } }));
  await instances.load(command('web', { restart: { policy } }));
  await clock.advance(100);
  expect(instances.get('web')).toMatchObject({ state, failed });
});

test('exitStatus says what is a success and what is not restarted', async () => {
  const { instances, clock } = createBench(({ name }) => ({ exitAfter: 100, exit: { code: name === 'good' ? 143 : 3 } }));
  const exitStatus = { success: [0, 143], noRestart: [3] };
  await instances.load(command('good', { exitStatus, restart: { policy: 'onFailure' } }));
  await instances.load(command('final', { exitStatus }));
  await clock.advance(100);
  expect(instances.get('good')).toMatchObject({ state: 'E', failed: false });
  expect(instances.get('final')).toMatchObject({ state: 'E', failed: true });
});

test('a death by signal is a failure that is told by its name', async () => {
  const { instances, clock } = createBench(() => ({ exitAfter: 100, exit: { signal: 'SIGSEGV' } }));
  await instances.load(command('web', { restart: { policy: 'never' } }));
  await clock.advance(100);
  expect(instances.view('web')).toMatchObject({ state: 'E', failed: true, lastExit: { code: null, signal: 'SIGSEGV' } });
});

test('beyond the limit it stays failed, says so once, and keeps its last output', async () => {
  const { instances, clock, driver, events } = createBench(() => crash);
  await instances.load(command('web', { restart: { limit: { count: 3, within: '1m' }, backoff: { initial: '100ms' } } }));
  await clock.advance(600_000);
  expect(driver.starts).toHaveLength(4);
  expect(instances.get('web')).toMatchObject({ state: 'E', failed: true });
  expect(instances.output('web')).toEqual(['last words']);
  expect(events.filter((event) => event.type === 'gaveUp')).toEqual([
    { type: 'gaveUp', name: 'web', reason: 'gave up: restarted 3 times within 1m; last: exited with code 1' },
  ]);
});

test('without a limit it goes on at the longest delay', async () => {
  const { instances, clock, events } = createBench(() => crash);
  await instances.load(command('web'));
  await clock.advance(3_600_000);
  const delays = events.flatMap((event) => (event.type === 'restart' ? [event.delayMs] : []));
  expect(delays.slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(delays.length).toBeGreaterThan(50);
});

test('a restart whose start fails counts as an exit and is tried again', async () => {
  const { instances, clock, path } = createBench((_, nth) => (nth === 0 ? crash : nth === 1 ? { failStart: 'port taken' } : {}));
  const loading = instances.load(command('web', { restart: { policy: 'onFailure' } }));
  await loading;
  await clock.advance(1100);
  expect(instances.view('web')).toMatchObject({ state: 'B', status: { message: 'port taken; again after 2s' } });
  await clock.advance(2000);
  expect(path('web')).toBe('I R B I B I R');
  expect(instances.view('web')?.restarts).toBe(2);
});

test('a code module whose main returns is F until it is gone, and then done', async () => {
  const { instances, driver, clock, path } = createBench();
  await instances.load(code('job'));
  driver.last('job').hooks.finalizing();
  expect(instances.get('job')?.state).toBe('F');
  driver.last('job').exit({ code: null, reason: 'main returned' });
  await clock.flush();
  expect(path('job')).toBe('I R F E');
  expect(instances.view('job')).toMatchObject({ failed: false, healthy: true, status: { level: 'core', message: 'main returned' } });
});

test('one that finalizes by itself and never ends is killed after stopTimeout', async () => {
  const { instances, driver, clock } = createBench();
  await instances.load(code('job', { stopTimeout: '1s', restart: { policy: 'never' } }));
  driver.last('job').hooks.finalizing();
  await clock.advance(1000);
  expect(driver.last('job').told).toEqual(['kill']);
  expect(instances.get('job')).toMatchObject({ state: 'E', failed: true });
});

describe('between two restarts', () => {
  async function backingOff() {
    const bench = createBench((_, nth) => (nth === 0 ? crash : {}));
    await bench.instances.load(command('web'));
    await bench.clock.advance(100);
    expect(bench.instances.get('web')?.state).toBe('B');
    return bench;
  }

  test('a remove means that it is never started again', async () => {
    const { instances, clock, driver, path } = await backingOff();
    await instances.remove('web');
    await clock.advance(600_000);
    expect(driver.starts).toHaveLength(1);
    expect(path('web')).toBe('I R B -');
    expect(clock.pending()).toBe(0);
  });

  test('a stop by hand keeps it listed, not failed and not restarted', async () => {
    const { instances, clock, driver } = await backingOff();
    await instances.halt('web');
    await clock.advance(600_000);
    expect(driver.starts).toHaveLength(1);
    expect(instances.view('web')).toMatchObject({ state: 'E', failed: false, status: { level: 'core', message: 'stopped by hand' } });
  });

  test('a load starts it at once, and only once', async () => {
    const { instances, clock, driver } = await backingOff();
    await instances.load(command('web'));
    await clock.advance(600_000);
    expect(driver.starts).toHaveLength(2);
    expect(instances.view('web')?.restarts).toBe(0);
  });

  test('a changed policy counts from the next end on', async () => {
    const { instances, clock } = await backingOff();
    await instances.reconfigure('web', command('web', { restart: { policy: 'never' } }));
    await clock.advance(1000);
    expect(instances.get('web')?.state).toBe('R');
  });
});

test('what a service has loaded waits for it with its restart, however long that takes, and comes back once', async () => {
  const { instances, driver, clock } = createBench();
  await instances.load(code('web', { provides: ['pages'], restart: { backoff: { initial: '1m', max: '1m' } } }));
  await instances.load(code('web.a', { service: 'pages', restart: { limit: { count: 1, within: '1h' } } }));
  await instances.load(code('web.b', { service: 'pages', restart: { policy: 'never' } }));
  for (const { exit } of driver.live()) exit({ code: 1 });
  await clock.advance(59_000);
  expect(instances.view('web.a')).toMatchObject({ state: 'B', restarts: 0, waitingFor: ['web'] });
  await clock.advance(2000);
  expect(instances.view('web')?.state).toBe('R');
  expect(instances.view('web.a')).toMatchObject({ state: 'R', restarts: 1 });
  expect(instances.view('web.b')).toMatchObject({ state: 'E', failed: true });
});

test('one that still waits when its service is back, waits as long as it would', async () => {
  const { instances, driver, clock } = createBench();
  await instances.load(code('web', { restart: { backoff: { initial: '1s' } } }));
  await instances.load(code('web.a', { service: 'web', restart: { backoff: { initial: '10s' } } }));
  for (const { exit } of driver.live()) exit({ code: 1 });
  await clock.advance(9000);
  expect([instances.get('web')?.state, instances.get('web.a')?.state]).toEqual(['R', 'B']);
  await clock.advance(1000);
  expect(instances.get('web.a')?.state).toBe('R');
});
