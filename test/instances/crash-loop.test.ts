import { expect, test } from 'vitest';
import { command, createBench } from './bench.ts';

/** Each run is long enough for its delays to begin anew. */
const slow = { exitAfter: 60_000, exit: { code: 1 } };
const reason = 'restarted 5 times within 10m; last: exited with code 1';

test('restarts far from each other are a crash loop too, which is over once it holds', async () => {
  const { instances, clock, events } = createBench((_, nth) => (nth < 5 ? slow : {}));
  await instances.load(command('web'));
  await clock.advance(4 * 61_000 + 30_000);
  expect(instances.view('web')).toMatchObject({ state: 'R', restarts: 4, healthy: true });
  await clock.advance(61_000);
  expect(instances.view('web')).toMatchObject({ state: 'R', restarts: 5, healthy: false, status: { level: 'error', message: reason } });
  await clock.advance(120_000);
  expect(instances.view('web')).toMatchObject({ state: 'R', healthy: true, status: { message: '' } });
  expect(events.filter(({ type }) => type === 'health')).toEqual([
    { type: 'health', name: 'web', healthy: false, reason },
    { type: 'health', name: 'web', healthy: true, reason: 'holds again' },
  ]);
});

test('what ends seldom enough is in none, and a start by somebody begins anew', async () => {
  const { instances, clock } = createBench(({ name }) => (name === 'web' ? slow : { exitAfter: 200_000, exit: { code: 1 } }));
  await instances.load(command('seldom'));
  await instances.load(command('web'));
  await clock.advance(1_200_000);
  expect(instances.view('seldom')?.status.message).not.toContain('within 10m');
  expect(instances.view('web')).toMatchObject({ healthy: false });
  await instances.replace('web', command('web'), { force: true });
  expect(instances.view('web')).toMatchObject({ state: 'R', healthy: true });
});
