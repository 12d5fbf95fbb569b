import { describe, expect, test } from 'vitest';
import { command, createBench } from './bench.ts';

describe('load', () => {
  test('a module is I until its driver says that it runs', async () => {
    const { instances, clock, path } = createBench(() => ({ readyAfter: 250 }));
    const loaded = instances.load(command('web'));
    expect(instances.get('web')?.state).toBe('I');
    await clock.advance(250);
    await loaded;
    expect(instances.get('web')).toMatchObject({ state: 'R', failed: false, started: true, origin: 'config' });
    expect(path('web')).toBe('I R');
  });

  test('a second load of a running or starting module is refused and leaves the first alone', async () => {
    const { instances, clock, driver } = createBench(() => ({ readyAfter: 250 }));
    const first = instances.load(command('web'));
    await expect(instances.load(command('web'))).rejects.toMatchObject({ code: 'EEXIST' });
    await clock.advance(250);
    await first;
    await expect(instances.load(command('web'))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(driver.starts).toHaveLength(1);
  });

  test('a declared module whose start fails stays listed as failed, with the error and output, and was tried once', async () => {
    const { instances, clock, driver, path } = createBench(() => ({ failStart: 'web: no such command', output: ['oops'] }));
    await expect(instances.load(command('web'))).rejects.toMatchObject({ message: 'web: no such command', output: ['oops'] });
    await clock.advance(600_000);
    expect(instances.get('web')).toMatchObject({ state: 'E', failed: true });
    expect(instances.view('web')).toMatchObject({
      healthy: false,
      status: { level: 'error', message: 'web: no such command' },
      lastExit: { error: 'web: no such command' },
    });
    expect(instances.output('web')).toEqual(['oops']);
    expect(driver.starts).toHaveLength(1);
    expect(path('web')).toBe('I E:failed');
  });

  test('of a module loaded by hand whose start fails nothing is left, and the name is free', async () => {
    const { instances } = createBench((_, nth) => (nth === 0 ? { failStart: 'boom' } : {}));
    await expect(instances.load(command('web', {}, 'manual'))).rejects.toMatchObject({ message: 'boom' });
    expect(instances.get('web')).toBeUndefined();
    expect(instances.snapshot().size).toBe(0);
    await instances.load(command('web', {}, 'manual'));
    expect(instances.get('web')?.state).toBe('R');
  });

  test('a module that is not running after startTimeout is killed and reported with its last output', async () => {
    const { instances, clock, driver } = createBench(() => ({ readyAfter: 'never', output: ['still warming up'] }));
    const loaded = instances.load(command('web', { startTimeout: '500ms' }));
    const seen = expect(loaded).rejects.toMatchObject({ code: 'ETIMEDOUT', output: ['still warming up'] });
    await clock.advance(500);
    await seen;
    expect(driver.last('web').told).toEqual(['kill']);
    expect(driver.live()).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  test('a failed module is started anew by another load', async () => {
    const { instances } = createBench((_, nth) => (nth === 0 ? { failStart: 'boom' } : {}));
    await expect(instances.load(command('web'))).rejects.toThrow('boom');
    await instances.load(command('web'));
    expect(instances.view('web')).toMatchObject({ state: 'R', failed: false, restarts: 0, status: { level: 'core', message: '' } });
  });

  test('a kind without a driver is refused with a code', async () => {
    const { instances } = createBench(undefined, { drivers: {} });
    await expect(instances.load(command('web'))).rejects.toMatchObject({ code: 'ENOSYS' });
    expect(instances.get('web')).toBeUndefined();
  });

  test('each start has a lease of its own', async () => {
    const { instances, driver } = createBench();
    await instances.load(command('web'));
    await instances.replace('web', command('web', { args: ['x'] }));
    expect(driver.starts.map((start) => start.launch.lease)).toEqual(['lease-1', 'lease-2']);
  });
});

describe('remove', () => {
  test('it is asked to stop, and gone when the promise resolves', async () => {
    const { instances, driver, path, clock } = createBench(() => ({ stopAfter: 100 }));
    await instances.load(command('web'));
    const removed = instances.remove('web');
    expect(instances.get('web')?.state).toBe('F');
    await clock.advance(100);
    await removed;
    expect(instances.get('web')).toBeUndefined();
    expect(driver.last('web').told).toEqual(['stop']);
    expect(path('web')).toBe('I R F -');
    expect(clock.pending()).toBe(0);
  });

  test('one that ignores the request is killed after stopTimeout', async () => {
    const { instances, driver, clock } = createBench(() => ({ stopAfter: 'never' }));
    await instances.load(command('web', { stopTimeout: '3s' }));
    const removed = instances.remove('web');
    await clock.advance(2999);
    expect(driver.last('web').alive()).toBe(true);
    await clock.advance(1);
    await removed;
    expect(driver.last('web').told).toEqual(['stop', 'kill']);
  });

  test('with cancel there is no wait', async () => {
    const { instances, driver } = createBench(() => ({ stopAfter: 'never' }));
    await instances.load(command('web'));
    await instances.remove('web', { cancel: true });
    expect(driver.last('web').told).toEqual(['kill']);
  });

  test('a second remove with cancel cuts the wait of the first short', async () => {
    const { instances } = createBench(() => ({ stopAfter: 'never' }));
    await instances.load(command('web'));
    const first = instances.remove('web');
    await instances.remove('web', { cancel: true });
    await first;
    expect(instances.get('web')).toBeUndefined();
  });

  test('during a start it cancels the start, whose caller gets ECANCELED', async () => {
    const { instances, driver } = createBench(() => ({ readyAfter: 'never' }));
    const loaded = instances.load(command('web'));
    const seen = expect(loaded).rejects.toMatchObject({ code: 'ECANCELED' });
    await instances.remove('web');
    await seen;
    expect(driver.live()).toEqual([]);
    expect(instances.get('web')).toBeUndefined();
  });

  test('of a name that is not listed it resolves', async () => {
    await createBench().instances.remove('web');
  });

  test('one that cannot even be killed blocks nobody else', async () => {
    const { instances, clock } = createBench(({ name }) => (name === 'stuck' ? { stopAfter: 'never', killAfter: 'never' } : {}));
    await instances.load(command('stuck'));
    let gone = false;
    void instances.remove('stuck', { cancel: true }).then(() => {
      gone = true;
    });
    await instances.load(command('web'));
    await instances.remove('web');
    await clock.advance(60_000);
    expect(gone).toBe(false);
    expect(instances.view('stuck')).toMatchObject({ state: 'F', status: { level: 'error' } });
  });
});

describe('replace', () => {
  test('the old one is gone before the new one starts', async () => {
    const { instances, driver, clock, path } = createBench(() => ({ stopAfter: 100 }));
    await instances.load(command('web'));
    const replaced = instances.replace('web', command('web', { args: ['x'] }));
    await clock.advance(99);
    expect(driver.starts).toHaveLength(1);
    await clock.advance(1);
    expect(await replaced).toEqual({ status: 'ok' });
    expect(driver.live().map((start) => start.launch.args)).toEqual([['x']]);
    expect(path('web')).toBe('I R F E I R');
  });

  test('if the new one fails, the old one runs again as it was and the outcome says why', async () => {
    const { instances, driver } = createBench((_, nth) => (nth === 1 ? { failStart: 'bad code', output: ['trace'] } : {}));
    await instances.load(command('web', { args: ['old'] }));
    const outcome = await instances.replace('web', command('web', { args: ['new'] }));
    expect(outcome).toMatchObject({ status: 'reverted', error: { message: 'bad code', output: ['trace'] } });
    expect(driver.live().map((start) => start.launch.args)).toEqual([['old']]);
    expect(instances.get('web')).toMatchObject({ state: 'R', specDigest: command('web', { args: ['old'] }).desired.specDigest });
  });

  test('if the old one does not come back either, it is listed as failed', async () => {
    const { instances } = createBench((_, nth) => (nth > 0 ? { failStart: `bad ${nth}` } : {}));
    await instances.load(command('web'));
    const outcome = await instances.replace('web', command('web', { args: ['new'] }));
    expect(outcome).toMatchObject({ status: 'failed', error: { message: 'bad 1; nor did the old one start again: bad 2' } });
    expect(instances.get('web')).toMatchObject({ state: 'E', failed: true });
  });

  test('where nothing ran there is nothing to bring back: it is listed as the new one, failed', async () => {
    const { instances, driver } = createBench((_, nth) => ({ failStart: `bad ${nth}` }));
    await expect(instances.load(command('web'))).rejects.toThrow('bad 0');
    const next = command('web', { args: ['new'] });
    expect(await instances.replace('web', next)).toMatchObject({ status: 'failed', error: { message: 'bad 1' } });
    expect(instances.get('web')).toMatchObject({ state: 'E', failed: true, specDigest: next.desired.specDigest });
    expect(driver.starts).toHaveLength(2);
  });

  test('a remove during it wins, and nothing is brought back', async () => {
    const { instances, driver, clock } = createBench((_, nth) => (nth === 1 ? { readyAfter: 'never' } : {}));
    await instances.load(command('web'));
    const replaced = instances.replace('web', command('web', { args: ['new'] }));
    await clock.flush();
    expect(instances.get('web')?.state).toBe('I');
    await instances.remove('web');
    expect(await replaced).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
    expect(driver.live()).toEqual([]);
    expect(instances.get('web')).toBeUndefined();
  });
});
