import { expect, test } from 'vitest';
import { code, createBench } from './bench.ts';

test('19. what a module says of itself is shown with its time and follows it; an error stays until a later one, an override or a new start', async () => {
  const { instances, driver, events, clock } = createBench();
  await instances.load(code('web'));
  const shown = () => instances.view('web')?.status;
  const { hooks } = driver.last('web');
  await clock.advance(1000);
  hooks.status('warn', 'disconnected');
  const at = new Date(clock.now()).toISOString();
  await clock.advance(1000);
  expect(shown()).toEqual({ level: 'warn', message: 'disconnected', since: at });
  hooks.status('info', 'connected');
  expect(shown()).toEqual({ level: 'info', message: 'connected', since: new Date(clock.now()).toISOString() });

  hooks.status('error', 'disk full');
  hooks.status('core', 'all well');
  hooks.status('warn', 'slow');
  expect(shown()).toMatchObject({ level: 'error', message: 'disk full' });
  hooks.status('error', 'disk gone');
  expect(shown()).toMatchObject({ level: 'error', message: 'disk gone' });
  hooks.status('info', 'repaired', true);
  expect(shown()).toMatchObject({ level: 'info', message: 'repaired' });
  const said = events.flatMap((event) => (event.type === 'status' ? [`${event.level} ${event.message}`] : []));
  expect(said).toEqual(['warn disconnected', 'info connected', 'error disk full', 'error disk gone', 'info repaired']);

  hooks.status('error', 'disk full');
  expect(await instances.replace('web', code('web', { args: ['2'] }))).toEqual({ status: 'ok' });
  expect(shown()).toMatchObject({ level: 'core', message: '' });
});

test('what the one that is to take over says by then counts by the same rule', async () => {
  const { instances, driver, clock } = createBench((_, nth) => ({ readyAfter: nth * 1000 }));
  const v = (version: string) => code('web', { args: [version], reload: { strategy: 'overlap' } });
  await instances.load(v('1'));
  const replaced = instances.replace('web', v('2'));
  await clock.advance(500);
  const { hooks } = driver.last('web');
  hooks.status('error', 'no peers');
  hooks.status('info', 'starting');
  expect(instances.view('web')?.status).toMatchObject({ level: 'core', message: '' });
  await clock.advance(1000);
  await replaced;
  expect(instances.view('web')?.status).toMatchObject({ level: 'error', message: 'no peers' });
});

test('one that runs without what it requires is disconnected: a warning since that went, beside what it says itself', async () => {
  const { instances, driver, clock } = createBench();
  const shown = () => instances.view('web')?.status;
  await instances.load(code('db'));
  await instances.load(code('web', { requires: [{ name: 'db', reload: false }] }));
  driver.last('web').hooks.status('info', 'serving');
  expect(shown()).toMatchObject({ level: 'info', message: 'serving' });
  await clock.advance(1000);
  await instances.halt('db');
  const at = new Date(clock.now()).toISOString();
  await clock.advance(1000);
  expect(shown()).toEqual({ level: 'warn', message: 'waits for db; serving', since: at });
  driver.last('web').hooks.status('error', 'cannot go on');
  expect(shown()).toMatchObject({ level: 'error', message: 'cannot go on' });
  driver.last('web').hooks.status('info', 'serving', true);
  await instances.load(code('db'));
  expect(shown()).toMatchObject({ level: 'info', message: 'serving' });
});
