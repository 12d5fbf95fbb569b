import { expect, test } from 'vitest';
import { pausable } from '../../../src/daemon/handover/pausable-clock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

test('while it stands nothing happens by the time; what was due meanwhile happens when it goes on, unless it was cancelled', async () => {
  const real = createFakeClock();
  const clock = pausable(real, false);
  const happened: string[] = [];
  const note = (what: string) => () => void happened.push(what);
  clock.after(10, note('before'));
  clock.after(20, note('meanwhile'));
  const cancelled = clock.after(20, note('cancelled'));
  clock.after(40, note('after'));
  await real.advance(10);
  clock.pause();
  await real.advance(20);
  expect(happened).toEqual(['before']);
  cancelled.cancel();
  clock.resume();
  expect(happened).toEqual(['before', 'meanwhile']);
  await real.advance(10);
  expect(happened).toEqual(['before', 'meanwhile', 'after']);
});

test('it can stand from the beginning', async () => {
  const real = createFakeClock();
  const clock = pausable(real, true);
  let isDone = false;
  clock.after(0, () => (isDone = true));
  await real.advance(5);
  expect([isDone, clock.now()]).toEqual([false, real.now()]);
  clock.resume();
  expect(isDone).toBe(true);
});
