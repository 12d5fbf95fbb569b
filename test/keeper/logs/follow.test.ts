import { expect, test } from 'vitest';
import { followLogs } from '../../../src/keeper/logs/read.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../support/keeper.ts';
import { bytes, logs } from './support.ts';

test('what is written later is followed over rotations, none missed and none twice', async () => {
  const { dir, writer } = await logs({ maxSize: 5000, keep: 20 });
  await writer.write('stdout', bytes('before\n'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const end = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const records of followLogs(dir, 'web', { signal: end.signal })) {
      seen.push(...records.map(({ text }) => text));
      if (seen.at(-1) === 'line 2000') end.abort();
    }
  })();
  // Whether it follows already is told by what it sees.
  while (seen.length === 0) {
    await writer.write('stdout', bytes('ready\n'));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (let line = 1; line <= 2000; line++) {
    await writer.write('stdout', bytes(`line ${line}\n`));
    if (line % 50 === 0) await new Promise(setImmediate);
  }
  await following;
  expect(seen.filter((text) => text !== 'ready')).toEqual(Array.from({ length: 2000 }, (_, index) => `line ${index + 1}`));
  await writer.close();
});

test('a log that does not exist yet is followed from its first line', async () => {
  const { clock, following, end, writer } = await followed();
  const first = following.next();
  await until(() => clock.pending() === 1); // it has looked
  void writer.write('stderr', bytes('hello\n'));
  expect((await polled(first, clock)).value).toMatchObject([{ stream: 'stderr', text: 'hello' }]);
  end.abort();
  expect((await following.next()).done).toBe(true);
  await writer.close();
});

test('a line that rests unfinished is shown as a part', async () => {
  const { clock, following, end, writer } = await followed();
  const first = following.next();
  await until(() => clock.pending() === 1);
  void writer.write('stdout', bytes('Password: '));
  expect((await polled(first, clock)).value).toMatchObject([{ text: 'Password: ', partial: true }]);
  void writer.write('stdout', bytes('ok\n'));
  expect((await polled(following.next(), clock)).value).toMatchObject([{ text: 'ok' }]);
  end.abort();
  expect((await following.next()).done).toBe(true);
  expect(clock.pending()).toBe(0);
  await writer.close();
});

async function followed() {
  const { dir, clock, writer } = await logs();
  const end = new AbortController();
  return { clock, writer, end, following: followLogs(dir, 'web', { signal: end.signal, clock }) };
}

/** Lets the time between two looks pass until there is something. */
async function polled<T>(something: Promise<T>, clock: FakeClock): Promise<T> {
  let there = false;
  void something.then(() => {
    there = true;
  });
  await until(async () => {
    await clock.advance(500);
    return there;
  });
  return something;
}
