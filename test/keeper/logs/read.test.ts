import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMasking } from '../../../src/model/mask/mask.ts';
import { bytes, logs, readLogs } from './support.ts';

test('every line has its stream, its level and about its time', async () => {
  const { dir, clock, writer } = await logs();
  const start = clock.now();
  writer.write('stdout', bytes('one\ntwo\n'));
  await clock.advance(1000);
  writer.write('stderr', bytes('oh\n'));
  await clock.advance(1000);
  writer.write('stdout', bytes('three\n'));
  await writer.close();
  expect(await readLogs(dir, 'web')).toEqual([
    { name: 'web', at: new Date(start).toISOString(), stream: 'stdout', level: 'info', text: 'one' },
    { name: 'web', at: new Date(start).toISOString(), stream: 'stdout', level: 'info', text: 'two' },
    { name: 'web', at: new Date(start + 1000).toISOString(), stream: 'stderr', level: 'warn', text: 'oh' },
    { name: 'web', at: new Date(start + 2000).toISOString(), stream: 'stdout', level: 'info', text: 'three' },
  ]);
});

test('the last lines are found over rotated files', async () => {
  const { dir, writer } = await logs({ maxSize: 300, keep: 50 });
  for (let line = 1; line <= 500; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  await writer.close();
  for (const lines of [0, 1, 2, 30, 100, 499]) {
    const found = await readLogs(dir, 'web', { lines });
    expect(found.map(({ text }) => text)).toEqual(Array.from({ length: lines }, (_, index) => `line ${501 - lines + index}`));
  }
});

test('only what is young enough is read, over rotated files', async () => {
  const { dir, clock, writer } = await logs({ maxSize: 300, keep: 100 });
  for (let line = 1; line <= 100; line++) {
    await writer.write('stdout', bytes(`line ${line}\n`));
    await clock.advance(1000);
  }
  await writer.close();
  const after = clock.now() - 30_000;
  expect((await readLogs(dir, 'web', { after })).map(({ text }) => text)).toEqual(
    Array.from({ length: 30 }, (_, index) => `line ${71 + index}`),
  );
  expect(await readLogs(dir, 'web', { after: clock.now() - 500 })).toEqual([]);
  expect((await readLogs(dir, 'web', { after, lines: 2 })).map(({ text }) => text)).toEqual(['line 99', 'line 100']);
  expect(await readLogs(dir, 'web', { after: clock.now() - 1e9 })).toHaveLength(100);
});

test('lines of two streams that came in pieces are put together again', async () => {
  const { dir, writer } = await logs();
  writer.write('stdout', bytes('hel'));
  writer.write('stderr', bytes('oh no\nhe'));
  writer.write('stdout', bytes('lo\nbye'));
  writer.write('stderr', bytes('lp'));
  await writer.close();
  expect((await readLogs(dir, 'web')).map(({ stream, text }) => `${stream} ${text}`)).toEqual([
    'stderr oh no',
    'stdout hello',
    'stdout bye',
    'stderr help',
  ]);
});

test('a character that came in two pieces is whole, and what is no UTF-8 is replaced', async () => {
  const { dir, clock, writer } = await logs();
  const euro = bytes('€\n');
  writer.write('stdout', euro.subarray(0, 1));
  await clock.advance(100);
  writer.write('stdout', euro.subarray(1));
  writer.write('stdout', Buffer.from([0xff, 0x41, 0x0a]));
  await writer.close();
  expect((await readLogs(dir, 'web')).map(({ text }) => text)).toEqual(['€', '\ufffdA']);
});

test('a very long line comes in parts that together are the line', async () => {
  const { dir, writer } = await logs({ maxSize: 0, keep: 0 });
  const line = 'aé€😀'.repeat(1_000_000); // 10 MB
  await writer.write('stdout', bytes(`${line}\nend`));
  await writer.close();
  const records = await readLogs(dir, 'web');
  expect(records.pop()).toMatchObject({ text: 'end' });
  expect(records.map(({ text }) => text).join('') === line).toBe(true);
  expect(
    records.every(({ text, partial }, index) => text.length <= 65536 && partial === (index < records.length - 1 ? true : undefined)),
  ).toBe(true);
  expect(await readLogs(dir, 'web', { lines: 1 })).toMatchObject([{ text: 'end' }]);
});

test('of a secret in a line that is shown in parts neither half is shown, wherever one begins to read', async () => {
  const { dir, writer } = await logs({ maxSize: 0, keep: 0 });
  const { inParts } = createMasking(() => ['correct horse']);
  const filled = (size: number): string => '.'.repeat(size);
  await writer.write('stdout', bytes(`${filled(65_530)}correct horse${filled(65_536)}correct`));
  await writer.write('stdout', bytes(` horse${filled(1_120_000)}correct horse`));
  await writer.close();
  const all = await readLogs(dir, 'web', { inParts });
  const text = all.map((record) => record.text).join('');
  expect(text.replaceAll('.', '')).toBe('*********');
  // The last lines begin in the middle of this one, be it within a secret.
  for (const lines of [1, 2]) {
    const last = await readLogs(dir, 'web', { inParts, lines });
    expect(text.endsWith(last.map((record) => record.text).join(''))).toBe(true);
  }
});

test('a log without its index is read as output of unknown time', async () => {
  const { dir, writer } = await logs();
  await writer.write('stdout', bytes('x\n'));
  await writer.close();
  await appendFile(join(dir, 'old.log'), 'from before\r\n');
  expect(await readLogs(dir, 'old')).toEqual([{ name: 'old', at: null, stream: 'stdout', level: 'info', text: 'from before' }]);
});

test('a module that never said anything has no records', async () => {
  const { dir, logs: it } = await logs();
  expect(await readLogs(dir, 'silent', { lines: 10 })).toEqual([]);
  expect(it.has('silent')).toBe(false);
});
