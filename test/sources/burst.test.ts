import { expect, test } from 'vitest';
import { createBurst } from '../../src/sources/burst.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function bursts() {
  const clock = createFakeClock();
  const start = clock.now();
  const over: number[] = [];
  const burst = createBurst({ clock, quietMs: 100, longestMs: 350, onOver: () => over.push(clock.now() - start) });
  return { clock, burst, over };
}

test('a burst is over once it is quiet', async () => {
  const { clock, burst, over } = bursts();
  for (const pauseMs of [0, 40, 99]) {
    await clock.advance(pauseMs);
    burst.event();
  }
  await clock.advance(1000);
  expect(over).toEqual([239]);
});

test('a burst that does not end is cut off, and the next event begins another', async () => {
  const { clock, burst, over } = bursts();
  for (let at = 0; at < 10; at += 1) {
    burst.event();
    await clock.advance(50);
  }
  await clock.advance(1000);
  expect(over).toEqual([350, 550]);
});

test('a burst that was cancelled leaves no timer', async () => {
  const { clock, burst, over } = bursts();
  burst.event();
  burst.cancel();
  expect(clock.pending()).toBe(0);
  await clock.advance(1000);
  expect(over).toEqual([]);
});
