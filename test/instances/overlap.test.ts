import { expect, test } from 'vitest';
import { code, command, createBench, createServices } from './bench.ts';

const overlap = { reload: { strategy: 'overlap' } };
const v = (version: string) => code('web', { args: [version], ...overlap });

test('the new one runs before the old one is told to stop, and that one is gone before it is done', async () => {
  const services = createServices();
  const { instances, driver, clock, path } = createBench((_, nth) => ({ readyAfter: nth * 1000, stopAfter: 100, saves: 'state' }), {
    services,
  });
  await instances.load(v('1'));
  await clock.advance(1);
  let done = false;
  const replaced = instances.replace('web', v('2')).finally(() => {
    done = true;
  });
  await clock.advance(999);
  expect(driver.live()).toHaveLength(2);
  // What it did from now on would be lost.
  expect(driver.starts[0]?.told).toEqual(['save']);
  expect(services.told).toEqual(['park web']);
  expect(instances.views()).toMatchObject([{ name: 'web', state: 'R', pid: 1 }]);
  const { startedAt } = instances.view('web') ?? {};
  await clock.advance(1);
  expect(instances.views()).toMatchObject([{ name: 'web', state: 'R', pid: 2 }]);
  expect(instances.view('web')?.startedAt).not.toBe(startedAt);
  expect(instances.get('web')?.spec.args).toEqual(['2']);
  expect(driver.starts[0]?.told).toEqual(['save', 'stop']);
  expect(services.told).toEqual(['park web', 'unpark web']);
  await clock.advance(99);
  expect(done).toBe(false);
  await clock.advance(1);
  expect(await replaced).toEqual({ status: 'ok' });
  expect(driver.live().map(({ launch }) => [launch.args, String(launch.restored)])).toEqual([[['2'], 'state']]);
  expect(path('web')).toBe('I R R');
  expect(clock.pending()).toBe(0);
});

test('a command too runs twice for a while, if that is asked for', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({ readyAfter: nth * 100 }));
  await instances.load(command('web', overlap));
  const replaced = instances.replace('web', command('web', { args: ['2'], ...overlap }));
  await clock.advance(50);
  expect(driver.live()).toHaveLength(2);
  await clock.advance(50);
  expect(await replaced).toEqual({ status: 'ok' });
});

test('if the new one fails the old one has never stopped', async () => {
  const { instances, driver, clock, path } = createBench((_, nth) => (nth === 1 ? { readyAfter: 100, failStart: 'bad code' } : {}));
  await instances.load(v('1'));
  const before = instances.view('web');
  const replaced = instances.replace('web', v('2'));
  await clock.advance(100);
  expect(await replaced).toMatchObject({ status: 'reverted', error: { message: 'bad code' } });
  expect(instances.view('web')).toEqual(before);
  expect(driver.starts[0]?.told).toEqual(['save', 'resume']);
  expect(path('web')).toBe('I R');
});

test('an old one that has saved its state takes requests again if the new one fails', async () => {
  const services = createServices();
  const bench = createBench((_, nth) => ({ saves: 'state', ...(nth === 1 ? { readyAfter: 100, failStart: 'bad code' } : {}) }), {
    services,
  });
  const { instances, driver, clock } = bench;
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.advance(100);
  expect(await replaced).toMatchObject({ status: 'reverted', error: { message: 'bad code' } });
  expect(driver.starts[0]?.told).toEqual(['save', 'resume']);
  expect(services.told).toEqual(['park web', 'unpark web']);
});

test('a removal in the middle ends both', async () => {
  const { instances, driver, clock, path } = createBench((_, nth) => ({ readyAfter: nth === 1 ? 'never' : 0, stopAfter: 100 + 100 * nth }));
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  const removed = instances.remove('web');
  await clock.advance(100);
  expect(driver.live()).toHaveLength(1);
  expect(instances.get('web')?.state).toBe('F');
  await clock.advance(100);
  await removed;
  expect(await replaced).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
  expect(driver.live()).toEqual([]);
  expect(path('web')).toBe('I R F -');
  expect(clock.pending()).toBe(0);
});

test('a stop by hand in the middle ends both and keeps it listed', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({ readyAfter: nth === 1 ? 'never' : 0 }));
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  await instances.halt('web', { cancel: true });
  expect(await replaced).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
  expect(driver.live()).toEqual([]);
  expect(instances.get('web')).toMatchObject({ state: 'E', failed: false });
});

test('with the daemon both stop, each within its time', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({
    readyAfter: nth === 1 ? 'never' : 0,
    stopAfter: nth === 1 ? 'never' : 100,
  }));
  await instances.load(code('web', { ...overlap, stopTimeout: '3s' }));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  const { done } = instances.stopAll([]);
  await clock.advance(3000);
  expect(await done).toEqual({ stopped: ['web'], killed: ['web'], left: [] });
  expect(driver.live()).toEqual([]);
  expect(await replaced).toMatchObject({ status: 'failed' });
  expect(clock.pending()).toBe(0);
});

test('if the old one dies meanwhile, the new one is the module, and requests wait for it', async () => {
  const services = createServices();
  const { instances, driver, clock, path } = createBench((_, nth) => ({ readyAfter: nth * 1000 }), { services });
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  driver.starts[0]?.exit({ code: 1 });
  await clock.flush();
  expect(instances.view('web')).toMatchObject({ state: 'I', pid: 2, lastExit: { code: 1 } });
  await clock.advance(1000);
  expect(await replaced).toEqual({ status: 'ok' });
  await clock.advance(600_000);
  expect(driver.starts).toHaveLength(2);
  expect(path('web')).toBe('I R E I R');
  expect(services.told).toEqual(['park web', 'unpark web', 'park web', 'web exited', 'unpark web']);
});

test('if the old one dies and the new one fails, the old one is started again', async () => {
  const { instances, driver, clock } = createBench((_, nth) => (nth === 1 ? { readyAfter: 1000, failStart: 'bad' } : { saves: 'state' }));
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  driver.starts[0]?.exit({ code: 1 });
  await clock.advance(1000);
  expect(await replaced).toMatchObject({ status: 'reverted', error: { message: 'bad' } });
  expect(driver.live().map(({ launch }) => [launch.args, String(launch.restored)])).toEqual([[['1'], 'state']]);
});

test('if the old one returns meanwhile, the new one is the module, and it is not done before that one is gone', async () => {
  const { instances, driver, clock, path } = createBench((_, nth) => ({ readyAfter: nth * 1000, stopAfter: 100 }));
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  driver.starts[0]?.hooks.finalizing();
  expect(instances.view('web')).toMatchObject({ state: 'I', pid: 2 });
  await clock.advance(500);
  driver.starts[0]?.exit();
  await clock.advance(500);
  expect(await replaced).toEqual({ status: 'ok' });
  expect(path('web')).toBe('I R E I R');
});

test('if the new one dies while the old one is on its way out, that one is killed and the policy decides', async () => {
  const { instances, driver, clock, path } = createBench((_, nth) => (nth === 0 ? { stopAfter: 'never', killAfter: 50 } : {}));
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  driver.starts[1]?.exit({ code: 1 });
  await clock.flush();
  expect(driver.starts[0]?.told).toEqual(['save', 'resume', 'stop', 'kill']);
  expect(instances.get('web')?.state).toBe('F');
  await clock.advance(50);
  expect(await replaced).toEqual({ status: 'ok' });
  expect(instances.view('web')).toMatchObject({ state: 'B', lastExit: { code: 1 } });
  await clock.advance(2000);
  expect(instances.get('web')).toMatchObject({ state: 'R', spec: { args: ['2'] } });
  expect(path('web')).toBe('I R R F B I R');
});

test('what the new one says of itself is shown once it is the module', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({ readyAfter: nth * 100, stopAfter: 100 }));
  await instances.load(v('1'));
  driver.last('web').hooks.status('info', 'old');
  void instances.replace('web', v('2'));
  await clock.flush();
  driver.starts[1]?.hooks.status('info', 'new');
  expect(instances.view('web')?.status.message).toBe('old');
  await clock.advance(100);
  driver.starts[0]?.hooks.status('info', 'going');
  expect(instances.view('web')?.status.message).toBe('new');
});

test('a rename in the middle is for both', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({ readyAfter: nth * 100 }));
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.flush();
  instances.rename('web', code('site', { args: ['1'], ...overlap }));
  await clock.advance(100);
  await replaced;
  expect([...instances.snapshot().values()]).toMatchObject([{ name: 'site', state: 'R', spec: { args: ['2'] } }]);
  expect(driver.live().map(({ name }) => name)).toEqual(['site']);
});

test('what a service loads is there twice for a while, too; what goes to another service or does not run is not', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({ readyAfter: nth * 100 }));
  const hosted = (arg: string, service = 'web') => code('web.status', { args: [arg], service, ...overlap });
  await instances.load(hosted('1'));
  const replaced = instances.replace('web.status', hosted('2'));
  await clock.advance(50);
  expect(driver.live().map(({ launch }) => launch.args)).toEqual([['1'], ['2']]);
  await clock.advance(100);
  expect(await replaced).toEqual({ status: 'ok' });
  const moved = instances.replace('web.status', hosted('3', 'site'));
  await clock.advance(50);
  expect(driver.live().map(({ launch }) => launch.args)).toEqual([['3']]);
  await clock.advance(300);
  expect(await moved).toEqual({ status: 'ok' });
  await instances.load(v('1'));
  driver.last('web').exit({ code: 1 });
  await clock.flush();
  expect(instances.get('web')?.state).toBe('B');
  const again = instances.replace('web', v('2'));
  await clock.advance(100);
  expect(await again).toEqual({ status: 'ok' });
});
