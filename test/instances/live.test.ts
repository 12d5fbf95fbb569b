import { describe, expect, test } from 'vitest';
import { code, command, createBench } from './bench.ts';

describe('reconfigure', () => {
  test('a new config is delivered to the same instance', async () => {
    const { instances, driver } = createBench(() => ({ reconfigurable: true }));
    await instances.load(code('cache', { config: { ttl: 30 } }));
    const before = instances.view('cache');
    expect(instances.get('cache')?.reconfigurable).toBe(true);
    await instances.reconfigure('cache', code('cache', { config: { ttl: 60 } }));
    expect(driver.starts).toHaveLength(1);
    expect(driver.last('cache').told).toEqual(['update', 'reconfigure {"ttl":60}']);
    expect(instances.view('cache')).toEqual(before);
    expect(instances.get('cache')?.spec).toMatchObject({ config: { ttl: 60 } });
  });

  test('a program with a reload signal is told that its files changed, where it runs', async () => {
    const { instances, clock, driver } = createBench(() => ({}));
    const web = command('web', { reloadSignal: 'SIGHUP' });
    await instances.load(web);
    await instances.reconfigure('web', web);
    expect(driver.last('web').told).not.toContain('signal SIGHUP');
    await instances.reconfigure('web', web, { reread: true });
    expect(driver.last('web').told).toContain('signal SIGHUP');
    driver.last('web').exit({ code: 1 });
    await clock.advance(1);
    await instances.reconfigure('web', web, { reread: true });
    expect(instances.get('web')?.state).toBe('B');
  });

  test('one that refuses keeps the old config and record', async () => {
    const { instances } = createBench(() => ({ reconfigurable: true, refuseConfig: 'ttl too long' }));
    await instances.load(code('cache', { config: { ttl: 30 } }));
    const before = instances.get('cache');
    await expect(instances.reconfigure('cache', code('cache', { config: { ttl: 60 } }))).rejects.toMatchObject({
      code: 'EFAILED',
      message: 'cache refused its new config: ttl too long',
    });
    expect(instances.get('cache')).toBe(before);
  });

  test('one that never answers, or ends meanwhile, does not hang its caller', async () => {
    const { instances, clock, driver } = createBench(() => ({ refuseConfig: 'hang' }));
    await instances.load(code('cache', { startTimeout: '5s' }));
    const late = instances.reconfigure('cache', code('cache', { startTimeout: '5s', config: { ttl: 1 } }));
    const timedOut = expect(late).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await clock.advance(5000);
    await timedOut;
    const dying = instances.reconfigure('cache', code('cache', { config: { ttl: 1 } }));
    const ended = expect(dying).rejects.toMatchObject({ code: 'EFAILED' });
    driver.last('cache').exit({ code: 1 });
    await ended;
    expect(instances.get('cache')?.state).toBe('B');
  });

  test('a remove that wins over it is told to its caller', async () => {
    const { instances, clock } = createBench(() => ({ stopAfter: 100 }));
    await instances.load(code('cache'));
    const removed = instances.remove('cache');
    const told = expect(instances.reconfigure('cache', code('cache', { config: { ttl: 1 } }))).rejects.toMatchObject({ code: 'ENOENT' });
    await clock.advance(100);
    await removed;
    await told;
  });

  test('timeouts count from now on, and no config is delivered where none changed', async () => {
    const { instances, clock, driver } = createBench(() => ({ stopAfter: 'never' }));
    await instances.load(command('web'));
    await instances.reconfigure('web', command('web', { stopTimeout: '1s' }));
    const removed = instances.remove('web');
    await clock.advance(1000);
    await removed;
    expect(driver.last('web').told).toEqual(['update', 'stop', 'kill']);
  });

  test('what was changed live comes back with it when a successor fails', async () => {
    const { instances, driver } = createBench((_, nth) => (nth === 1 ? { failStart: 'bad' } : {}));
    await instances.load(code('cache', { config: { ttl: 30 } }));
    await instances.reconfigure('cache', code('cache', { config: { ttl: 60 } }));
    await instances.replace('cache', code('cache', { args: ['x'] }));
    expect(driver.last('cache').launch.config).toEqual({ ttl: 60 });
  });
});

describe('rename and adopt', () => {
  test('the instance is kept under its new name', async () => {
    const { instances, driver, clock, events } = createBench();
    await instances.load(command('old'));
    const { pid, since, startedAt } = instances.view('old') ?? {};
    await clock.advance(5000);
    instances.rename('old', command('new', { stopTimeout: '1s' }));
    expect(instances.get('old')).toBeUndefined();
    expect(instances.view('new')).toMatchObject({ name: 'new', state: 'R', pid, since, startedAt });
    expect(driver.last('new').told).toEqual(['rename new', 'update']);
    expect([...instances.snapshot().keys()]).toEqual(['new']);
    expect(events.filter((event) => event.type === 'state').slice(-2)).toMatchObject([
      { name: 'old', from: 'R', to: null },
      { name: 'new', from: null, to: 'R' },
    ]);
    await instances.remove('new');
    expect(driver.live()).toEqual([]);
  });

  test('its restarts go on under the new name', async () => {
    const { instances, clock, driver } = createBench((_, nth) => (nth === 0 ? { exitAfter: 100, exit: { code: 1 } } : {}));
    await instances.load(command('old'));
    await clock.advance(100);
    instances.rename('old', command('new'));
    await clock.advance(1000);
    expect(driver.last('new').launch.name).toBe('new');
    expect(instances.get('new')?.state).toBe('R');
  });

  test('a rename that goes with a failing reload brings back what ran, under the new name', async () => {
    const { instances, driver } = createBench(({ args }) => (args[0] === 'bad' ? { failStart: 'bad' } : {}));
    await instances.load(command('old', { args: ['good'] }));
    const next = command('new', { args: ['bad'] });
    instances.rename('old', next);
    expect(await instances.replace('new', next)).toMatchObject({ status: 'reverted' });
    expect(driver.live().map(({ launch }) => [launch.name, launch.args])).toEqual([['new', ['good']]]);
  });

  test('a name that is taken is refused', async () => {
    const { instances } = createBench();
    await instances.load(command('a'));
    await instances.load(command('b'));
    expect(() => instances.rename('a', command('b'))).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect([...instances.snapshot().keys()]).toEqual(['a', 'b']);
  });

  test('adopt changes the bookkeeping and nothing that runs', async () => {
    const { instances, driver } = createBench();
    await instances.load(command('web', {}, 'manual'));
    instances.adopt('web', command('web'));
    expect(instances.get('web')).toMatchObject({ origin: 'config', generation: 1, state: 'R' });
    expect(instances.view('web')?.declaredAt).toEqual({ file: '/muster.yaml', line: 1, column: 1 });
    expect(driver.last('web').told).toEqual([]);
  });
});

describe('halt', () => {
  test('what is stopped by hand stays listed, not failed, until it is loaded again', async () => {
    const { instances, clock, driver, path } = createBench();
    await instances.load(command('web', {}, 'manual'));
    await instances.halt('web');
    await clock.advance(600_000);
    expect(instances.view('web')).toMatchObject({ state: 'E', failed: false, healthy: true, status: { message: 'stopped by hand' } });
    await instances.load(command('web', {}, 'manual'));
    expect(path('web')).toBe('I R F E I R');
    expect(driver.starts).toHaveLength(2);
  });

  test('during a start it cancels the start and keeps it listed', async () => {
    const { instances } = createBench(() => ({ readyAfter: 'never' }));
    const seen = expect(instances.load(command('web', {}, 'manual'))).rejects.toMatchObject({ code: 'ECANCELED' });
    await instances.halt('web');
    await seen;
    expect(instances.get('web')).toMatchObject({ state: 'E', failed: false });
  });

  test('a load while it is on its way out waits and starts it then', async () => {
    const { instances, clock, driver } = createBench(() => ({ stopAfter: 500 }));
    await instances.load(command('web'));
    const halted = instances.halt('web');
    const loaded = instances.load(command('web'));
    await clock.advance(500);
    await halted;
    await loaded;
    expect(instances.get('web')?.state).toBe('R');
    expect(driver.live()).toHaveLength(1);
  });
});

describe('restore', () => {
  test('a recorded module is listed as not started until it is loaded', async () => {
    const { instances, driver } = createBench();
    const { desired, origin, generation } = command('web');
    instances.restore({ ...desired, origin, generation });
    expect(instances.view('web')).toMatchObject({ state: 'E', failed: false, lastExit: null, startedAt: null, pid: null });
    expect(instances.get('web')?.started).toBe(false);
    await instances.load(command('web'));
    expect(instances.get('web')).toMatchObject({ state: 'R', started: true });
    expect(driver.starts).toHaveLength(1);
  });
});
