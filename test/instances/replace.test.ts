import { describe, expect, test } from 'vitest';
import type { Launch } from '../../src/model/driver.ts';
import { code, command, createBench, createServices } from './bench.ts';

const restored = ({ launch }: { launch: Launch }) => (launch.restored === null ? null : Buffer.from(launch.restored).toString());

describe('state over a reload', () => {
  test('what the old instance saves is what the new one is started with, and it is stopped only then', async () => {
    const { instances, driver } = createBench((_, nth) => ({ saves: `count ${nth}` }));
    await instances.load(code('counter'));
    expect(await instances.replace('counter', code('counter', { args: ['x'] }))).toEqual({ status: 'ok' });
    expect(driver.starts.map(restored)).toEqual([null, 'count 0']);
    expect(driver.starts[0]?.told).toEqual(['save', 'stop']);
  });

  test('one that throws when it is to save serves on, and nothing is stopped', async () => {
    const services = createServices();
    const { instances, driver } = createBench(() => ({ refuseSave: 'not now' }), { services });
    await instances.load(code('counter'));
    const outcome = await instances.replace('counter', code('counter', { args: ['x'] }));
    expect(outcome).toMatchObject({ status: 'reverted', error: { code: 'EFAILED', message: 'counter did not save its state: not now' } });
    expect(driver.last('counter').told).toEqual(['save', 'resume']);
    expect(instances.get('counter')).toMatchObject({ state: 'R', spec: { args: [] } });
    expect(services.told).toEqual(['park counter', 'unpark counter']);
  });

  test('one that takes longer to save than it may take to stop serves on', async () => {
    const { instances, driver, clock } = createBench(() => ({ refuseSave: 'hang' }));
    await instances.load(code('counter', { stopTimeout: '2s' }));
    const replaced = instances.replace('counter', code('counter', { args: ['x'] }));
    await clock.advance(2000);
    expect(await replaced).toMatchObject({
      status: 'reverted',
      error: { code: 'ETIMEDOUT', hint: 'muster reload -f counter goes on without it' },
    });
    expect(driver.last('counter').told).toEqual(['save', 'resume']);
    expect(clock.pending()).toBe(0);
  });

  test('by force it is replaced all the same, without what it would have saved', async () => {
    const { instances, driver } = createBench((_, nth) => (nth === 0 ? { refuseSave: 'not now' } : {}));
    await instances.load(code('counter'));
    expect(await instances.replace('counter', code('counter', { args: ['x'] }), { force: true })).toEqual({ status: 'ok' });
    expect(driver.starts.map(restored)).toEqual([null, null]);
    expect(driver.starts[0]?.told).toEqual(['save', 'stop']);
  });

  test('if the new one fails, the old one gets back what it saved', async () => {
    const { instances, driver } = createBench((_, nth) => ({ saves: `count ${nth}`, ...(nth === 1 ? { failStart: 'bad' } : {}) }));
    await instances.load(code('counter', { args: ['old'] }));
    expect(await instances.replace('counter', code('counter'))).toMatchObject({ status: 'reverted', error: { message: 'bad' } });
    expect(driver.starts.map(restored)).toEqual([null, 'count 0', 'count 0']);
    expect(driver.last('counter').launch.args).toEqual(['old']);
  });

  test('a restart after a crash starts from nothing', async () => {
    const { instances, driver, clock } = createBench(() => ({ saves: 'count' }));
    await instances.load(code('counter'));
    await instances.replace('counter', code('counter', { args: ['x'] }));
    driver.last('counter').exit({ code: 1 });
    await clock.advance(2000);
    expect(driver.starts.map(restored)).toEqual([null, 'count', null]);
  });

  test('one that dies while it saves is replaced without', async () => {
    const { instances, driver, clock } = createBench((_, nth) => (nth === 0 ? { refuseSave: 'hang' } : {}));
    await instances.load(code('counter'));
    const replaced = instances.replace('counter', code('counter', { args: ['x'] }));
    driver.last('counter').exit({ code: 1 });
    expect(await replaced).toEqual({ status: 'ok' });
    await clock.advance(600_000);
    expect(driver.starts.map(restored)).toEqual([null, null]);
  });

  test('one whose driver gives the save up because it dies is replaced without', async () => {
    const { instances, driver, clock } = createBench((_, nth) => (nth === 0 ? { diesInSave: true } : {}));
    await instances.load(code('counter'));
    const replaced = instances.replace('counter', code('counter', { args: ['x'] }));
    await clock.advance(1);
    expect(await replaced).toEqual({ status: 'ok' });
    expect(driver.starts.map(restored)).toEqual([null, null]);
  });

  test('a remove while it saves wins', async () => {
    const { instances, driver, clock } = createBench(() => ({ refuseSave: 'hang' }));
    await instances.load(code('counter'));
    const replaced = instances.replace('counter', code('counter', { args: ['x'] }));
    await instances.remove('counter');
    await clock.flush();
    expect(await replaced).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
    expect(driver.starts).toHaveLength(1);
    expect(driver.last('counter').told).toEqual(['save', 'stop']);
  });

  test('what is not running saves nothing', async () => {
    const { instances, driver } = createBench(() => ({ saves: 'count' }));
    await instances.load(code('counter'));
    await instances.halt('counter');
    await instances.replace('counter', code('counter'));
    expect(driver.starts.map(restored)).toEqual([null, null]);
    expect(driver.starts[0]?.told).toEqual(['stop']);
  });
});

describe('the bus', () => {
  test('requests wait from before the save until the new one runs', async () => {
    const services = createServices();
    const { instances } = createBench(undefined, { services });
    await instances.load(code('web'));
    await instances.replace('web', code('web', { args: ['x'] }));
    expect(services.told).toEqual(['park web', 'web exited', 'unpark web']);
  });

  test('it hears why nobody is there', async () => {
    const services = createServices();
    const { instances, driver, clock } = createBench(undefined, { services });
    await instances.load(code('web'));
    driver.last('web').exit({ code: 1 });
    await clock.advance(2000);
    await instances.halt('web');
    await instances.remove('web');
    expect(services.told).toEqual(['web backingOff', 'web exited', 'web removed']);
  });

  test('a new name of what does not run is told too', async () => {
    const services = createServices();
    const { instances } = createBench(undefined, { services });
    await instances.load(code('old'));
    instances.rename('old', code('new'));
    await instances.halt('new');
    instances.rename('new', code('other'));
    expect(services.told).toEqual(['new exited', 'new removed', 'other exited']);
  });

  test('views show what waits and which services there are', async () => {
    const services = createServices({ waiting: (name) => (name === 'web' ? 3 : 0), services: (name) => [`${name}2`] });
    const { instances } = createBench(() => ({ queued: 2 }), { services });
    await instances.load(code('web'));
    await instances.load(code('web.status', { service: 'web' }));
    expect(instances.view('web')).toMatchObject({ queued: 5, services: ['web2'], service: null });
    expect(instances.view('web.status')).toMatchObject({ queued: 2, service: 'web' });
  });
});

describe('what a run has done', () => {
  test('counters and usage are those of the run', async () => {
    const { instances } = createBench();
    await instances.load(command('web'));
    await instances.clearStats('web');
    expect(await instances.stats('web')).toEqual({ pid: 1, cleared: true });
    expect(await instances.rusage('web', 'self')).toEqual({ utime: 1, stime: 4, maxrss: 1 });
  });

  test('what is not loaded, or does not run, has none', async () => {
    const { instances } = createBench();
    await expect(instances.stats('web')).rejects.toMatchObject({ code: 'ENOENT' });
    await instances.load(command('web'));
    await instances.halt('web');
    await expect(instances.stats('web')).rejects.toMatchObject({ code: 'ENOSYS' });
    await expect(instances.rusage('web', 'self')).rejects.toMatchObject({ code: 'ENOSYS' });
  });

  test('a refresh reaches the drivers', async () => {
    let refreshed = 0;
    const { instances } = createBench();
    await instances.refresh();
    const refresh = async (): Promise<void> => {
      refreshed += 1;
    };
    const driver = { start: () => Promise.reject() as never, refresh };
    const other = createBench(undefined, { drivers: { code: driver } });
    await other.instances.refresh();
    expect(refreshed).toBe(1);
  });
});
