import { expect, test } from 'vitest';
import type { Ended, Launched } from '../../src/model/driver.ts';
import { boundMemory } from '../../src/packages/memory.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function setUp() {
  let end: (ended: Ended) => void = () => {};
  const ended = new Promise<Ended>((resolve) => {
    end = resolve;
  });
  const asked: string[] = [];
  const launched = { ended, pid: () => 7, stop: () => asked.push('stop') } as unknown as Launched;
  const clock = createFakeClock(0);
  let bytes = 0;
  const hooks = { finalizing: () => asked.push('finalizing') };
  const bound = boundMemory(launched, hooks, 150 * 2 ** 20, clock, async () => bytes);
  return { bound, asked, clock, end, take: (megabytes: number) => (bytes = megabytes * 2 ** 20) };
}

const done: Ended = { code: 0, signal: null, error: null, reason: 'exited with code 0' };

test('what takes more than it may is stopped, and its end is a failure after which it is started again', async () => {
  const { bound, asked, clock, end, take } = setUp();
  take(150);
  await clock.advance(60_000);
  expect(asked).toEqual([]);
  take(151);
  await clock.advance(60_000);
  expect(asked).toEqual(['finalizing', 'stop']);
  end(done);
  const reason = 'took 151M of memory, more than max_memory_restart 150M';
  expect(await bound.ended).toMatchObject({ code: 0, reason, error: { message: reason }, fault: 'unknown' });
});

test('an end of its own is told as it is, and nothing is looked at any more', async () => {
  const { bound, clock, end } = setUp();
  end(done);
  expect(await bound.ended).toEqual(done);
  expect(clock.pending()).toBe(0);
});
