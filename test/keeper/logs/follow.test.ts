import { expect, test } from 'vitest';
import type { MaskInParts } from '../../../src/keeper/logs/records.ts';
import { createMasking } from '../../../src/model/mask/mask.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../support/keeper.ts';
import { bytes, followLogs, logs, readLogs } from './support.ts';

test('the past and what comes after it are one row over rotations, none missed and none twice, whenever one begins to follow', async () => {
  const { dir, writer } = await logs({ maxSize: 5000, keep: 20 });
  const begun: Promise<string[]>[] = [];
  for (let line = 1; line <= 2000; line++) {
    if (line % 400 === 1) begun.push(allUntil(dir, 'line 2000'));
    await writer.write('stdout', bytes(`line ${line}\n`));
    if (line % 20 === 0) await new Promise(setImmediate);
  }
  const all = Array.from({ length: 2000 }, (_, index) => `line ${index + 1}`);
  for (const seen of await Promise.all(begun)) expect(seen).toEqual(all);
  await writer.close();
});

test('of the past only the last lines are told before what comes', async () => {
  const { dir, writer } = await logs({ maxSize: 300, keep: 50 });
  for (let line = 1; line <= 200; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  await until(async () => (await readLogs(dir, 'web')).length === 200);
  const seen = allUntil(dir, 'last', 3);
  await writer.write('stdout', bytes('last\n'));
  // Whether it is among the past already is a matter of luck.
  expect([3, 4]).toContain((await seen).length);
  expect((await seen).slice(-3)).toEqual(['line 199', 'line 200', 'last']);
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

test('of a secret that comes in two pieces neither is shown, and what only begins like one is shown once that is known', async () => {
  const { clock, following, end, writer } = await followed(createMasking(() => ['correct horse']).inParts);
  const first = following.next();
  await until(() => clock.pending() === 1);
  void writer.write('stdout', bytes('it is corr'));
  expect((await polled(first, clock)).value).toMatchObject([{ text: 'it is ', partial: true }]);
  void writer.write('stdout', bytes('ect horse, corre'));
  expect((await polled(following.next(), clock)).value).toMatchObject([{ text: '***, ', partial: true }]);
  void writer.write('stdout', bytes('ctly\n'));
  expect((await polled(following.next(), clock)).value).toMatchObject([{ text: 'correctly' }]);
  end.abort();
  await following.next();
  await writer.close();
});

async function followed(inParts?: MaskInParts) {
  const { dir, clock, writer } = await logs();
  const end = new AbortController();
  return { clock, writer, end, following: followLogs(dir, 'web', end.signal, { clock, ...(inParts && { inParts }) }) };
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

async function allUntil(dir: string, last: string, lines?: number): Promise<string[]> {
  const end = new AbortController();
  const seen: string[] = [];
  for await (const records of followLogs(dir, 'web', end.signal, { lines })) {
    seen.push(...records.map(({ text }) => text));
    if (seen.at(-1) === last) end.abort();
  }
  return seen;
}
