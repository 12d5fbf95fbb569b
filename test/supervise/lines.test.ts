import { expect, test } from 'vitest';
import { createLines } from '../../src/supervise/lines.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const settings = { maxSize: 0, keep: 0 };
const line = Buffer.from(`${'x'.repeat(899)}\n`);

function lines(overflow: 'block' | 'drop' = 'block', unread = 10_000) {
  const it = createLines({ clock: createFakeClock(), unread, files: null });
  return { ...it, writer: it.open('web', { ...settings, overflow }) };
}

test('what waits for the first who iterates is bounded: the oldest go, and that is said first', async () => {
  const { writer, iterate, end } = lines();
  for (let count = 0; count < 20; count++) expect(writer.write('stdout', line)).toBe(undefined);
  const reading = iterate();
  end();
  const seen = [];
  for await (const { stream, text } of reading) seen.push(stream === 'muster' ? text : text.length);
  expect(seen).toEqual(['8990 bytes of output were dropped: they were not taken in time', ...Array(10).fill(899)]);
});

test('whoever iterates slowly makes the program wait, and gets every line', async () => {
  const { writer, iterate, end } = lines();
  const reading = iterate();
  const began = reading.next();
  let waited = 0;
  const writing = (async () => {
    for (let count = 0; count < 100; count++) {
      const room = writer.write('stdout', line);
      if (room !== undefined) waited += 1;
      await room;
    }
    end();
  })();
  await began;
  let count = 1;
  for await (const { text } of reading) {
    expect(text).toHaveLength(899);
    count += 1;
  }
  await writing;
  expect(count).toBe(100);
  expect(waited).toBeGreaterThan(50);
});

test('where output may be dropped nobody waits, and what is missing is told at its place', async () => {
  const { writer, iterate, end } = lines('drop');
  const reading = iterate();
  const began = reading.next();
  for (let count = 0; count < 100; count++) expect(writer.write('stdout', line)).toBe(undefined);
  await began;
  for (let count = 0; count < 5; count++) await reading.next();
  writer.write('stdout', Buffer.from('after\n'));
  end();
  const rest = [];
  for await (const { stream, text } of reading) rest.push(stream === 'muster' ? 'gap' : text.length);
  expect(rest.slice(-3)).toEqual([899, 'gap', 5]);
});

test('who leaves is not waited for, and each who iterates gets all from then on', async () => {
  const { writer, iterate, end } = lines();
  const [one, two] = [iterate(), iterate()];
  const begun = [one.next(), two.next()];
  for (let count = 0; count < 9; count++) void writer.write('stdout', line);
  await Promise.all(begun);
  await one.return(undefined);
  await two.return(undefined);
  for (let count = 0; count < 50; count++) expect(writer.write('stdout', line)).toBe(undefined);
  end();
  expect((await iterate().next()).done).toBe(true);
});
