import { expect, test } from 'vitest';
import { createPolling } from '../../../src/daemon/source/polling.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

function setting(random = 0.5) {
  const clock = createFakeClock();
  const looks: number[] = [];
  const start = clock.now();
  let end: () => void = () => {};
  let takes: Promise<void> | null = null;
  const polling = createPolling({
    clock,
    random: { next: () => random },
    async look() {
      looks.push(clock.now() - start);
      await takes;
    },
  });
  const hang = (): void => {
    takes = new Promise((resolve) => {
      end = resolve;
    });
  };
  return { clock, looks, polling, hang, end: () => end() };
}

test('looks soon at what is new, and then at the interval, each wait up to a tenth shorter or longer', async () => {
  const early = setting(0);
  early.polling.every(60_000, true);
  await early.clock.advance(1000);
  expect(early.looks).toEqual([1000]);
  await early.clock.advance(54_000);
  expect(early.looks).toEqual([1000, 55_000]);
  const late = setting(0.999999);
  late.polling.every(60_000, false);
  await late.clock.advance(65_999);
  expect(late.looks).toEqual([]);
  await late.clock.advance(1);
  expect(late.looks).toHaveLength(1);
});

test('with an interval of 0 looks only when it is told to, and a shorter interval is not waited for by the longer one', async () => {
  const { clock, looks, polling } = setting();
  polling.every(0, true);
  await clock.advance(3_600_000);
  expect(looks).toEqual([]);
  polling.now();
  await clock.flush();
  expect(looks).toEqual([3_600_000]);
  polling.every(3_600_000, false);
  polling.every(1000, false);
  await clock.advance(1000);
  expect(looks).toHaveLength(2);
  polling.every(0, false);
  await clock.advance(3_600_000);
  expect([looks.length, clock.pending()]).toEqual([2, 0]);
});

test('one look at a time: who asks during one has one more, however many ask', async () => {
  const { clock, looks, polling, hang, end } = setting();
  polling.every(10_000, false);
  hang();
  polling.now();
  polling.now();
  polling.now();
  await clock.advance(60_000);
  expect(looks).toHaveLength(1);
  end();
  await clock.flush();
  expect(looks).toHaveLength(2);
});

test('nothing is looked at, and no timer is left, once it is closed', async () => {
  const { clock, looks, polling } = setting();
  polling.every(1000, false);
  polling.close();
  polling.now();
  await clock.advance(10_000);
  expect([looks, clock.pending()]).toEqual([[], 0]);
});
