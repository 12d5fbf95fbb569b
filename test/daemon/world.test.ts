import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/daemon/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hour = 3_600_000;

test('a timer of a thousand hours, longer than the machine takes at once, fires then and not before', () => {
  let fired = 0;
  systemClock.after(1000 * hour, () => fired++);
  vi.advanceTimersByTime(1000 * hour - 1);
  expect(fired).toBe(0);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(1);
});

test('a long timer can be cancelled at any time', () => {
  let fired = 0;
  const timer = systemClock.after(1000 * hour, () => fired++);
  vi.advanceTimersByTime(800 * hour);
  timer.cancel();
  vi.advanceTimersByTime(800 * hour);
  expect(fired).toBe(0);
});
