import { mkdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bytes, logs, readLogs, sizes } from './support.ts';

test('output is appended as it is, in a file and folder of its owner alone', async () => {
  const { dir, writer } = await logs();
  writer.write('stdout', bytes('one\n'));
  writer.write('stderr', Buffer.from([0xff, 0x00, 0x0a]));
  await writer.close();
  expect(await readFile(join(dir, 'web.log'))).toEqual(Buffer.from('6f6e650aff000a', 'hex'));
  expect((await stat(join(dir, 'web.log'))).mode & 0o777).toBe(0o600);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});

test('a log that is full is rotated at the end of a line, and only so many are kept', async () => {
  const { dir, writer } = await logs({ maxSize: 1000, keep: 2 });
  for (let line = 1; line <= 1000; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  await writer.close();
  const found = await sizes(dir);
  expect(Object.keys(found)).toEqual(['web.log', 'web.log.1', 'web.log.1.idx', 'web.log.2', 'web.log.2.idx', 'web.log.idx']);
  expect(Object.values(found).reduce((sum, size) => sum + size)).toBeLessThanOrEqual(3 * 1040);
  const records = await readLogs(dir, 'web');
  expect(records.at(-1)?.text).toBe('line 1000');
  const first = Number(records[0]?.text.slice(5));
  expect(records.map(({ text }) => text)).toEqual(Array.from({ length: 1001 - first }, (_, index) => `line ${first + index}`));
});

test('with none to keep a full log begins anew', async () => {
  const { dir, writer } = await logs({ maxSize: 1000, keep: 0 });
  for (let line = 1; line <= 500; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  await writer.close();
  expect(Object.keys(await sizes(dir))).toEqual(['web.log', 'web.log.idx']);
  expect((await readLogs(dir, 'web')).at(-1)?.text).toBe('line 500');
});

test('new settings hold for what is written next', async () => {
  const { dir, writer } = await logs({ maxSize: 300, keep: 5 });
  for (let line = 0; line < 200; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  await new Promise(setImmediate);
  writer.update({ maxSize: 300, keep: 1 });
  for (let line = 0; line < 200; line++) await writer.write('stdout', bytes(`more ${line}\n`));
  await writer.close();
  expect(Object.keys(await sizes(dir)).filter((name) => !name.endsWith('.idx'))).toEqual(['web.log', 'web.log.1']);
});

test('a line longer than a whole log is cut rather than lost', async () => {
  const { dir, writer } = await logs({ maxSize: 1000, keep: 100 });
  await writer.write('stdout', bytes(`${'x'.repeat(10_000)}\nend\n`));
  await writer.close();
  expect((await readLogs(dir, 'web')).map(({ text }) => text.length)).toEqual([10_000, 3]);
});

test('a renamed log takes its files along', async () => {
  const { dir, writer } = await logs({ maxSize: 300, keep: 2 });
  for (let line = 0; line < 100; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  writer.rename('site');
  writer.write('stdout', bytes('after\n'));
  await writer.close();
  expect(Object.keys(await sizes(dir)).every((name) => name.startsWith('site.log'))).toBe(true);
  expect((await readLogs(dir, 'site')).slice(-2).map(({ text }) => text)).toEqual(['line 99', 'after']);
});

test('two that change names with each other go on in the logs of their new names', async () => {
  const { dir, logs: it, writer: web } = await logs();
  const site = it.open('site', { maxSize: 10_000, keep: 1 });
  web.write('stdout', bytes('web 1\n'));
  site.write('stdout', bytes('site 1\n'));
  web.rename('site');
  site.rename('web');
  web.write('stdout', bytes('was web\n'));
  site.write('stdout', bytes('was site\n'));
  await Promise.all([web.close(), site.close()]);
  expect((await readLogs(dir, 'web')).map(({ text }) => text)).toEqual(['web 1', 'was site']);
  expect((await readLogs(dir, 'site')).map(({ text }) => text)).toEqual(['site 1', 'was web']);
});

test('a restarted module goes on in its log', async () => {
  const { dir, logs: it, writer } = await logs();
  writer.write('stdout', bytes('first\n'));
  const second = it.open('web', { maxSize: 10_000, keep: 1 });
  await writer.close();
  writer.write('stdout', bytes('too late\n'));
  second.write('stdout', bytes('second\n'));
  await second.close();
  expect((await readLogs(dir, 'web')).map(({ text }) => text)).toEqual(['first', 'second']);
});

test('a full disk drops output and counts it, and what was missed is told when there is room again', async () => {
  const { dir, clock, logs: it } = await logs();
  await mkdir(dir, { recursive: true });
  await symlink('/dev/full', join(dir, 'db.log'));
  const writer = it.open('db', { maxSize: 0, keep: 0 });
  for (let count = 0; count < 100; count++) await writer.write('stdout', Buffer.alloc(65536));
  await clock.advance(2000);
  await until(() => writer.dropped() === 100 * 65536);
  await rm(join(dir, 'db.log'));
  writer.write('stdout', bytes('room again\n'));
  await writer.close();
  expect(writer.dropped()).toBe(100 * 65536);
  expect((await readLogs(dir, 'db')).map(({ stream, text }) => `${stream} ${text}`)).toEqual([
    'muster 6553600 bytes of output could not be written',
    'stdout room again',
  ]);
});

test('a log that somebody removed or emptied begins anew', async () => {
  const { dir, clock, writer } = await logs();
  await writer.write('stdout', bytes('before\n'));
  await until(async () => (await readLogs(dir, 'web')).length === 1);
  await rm(join(dir, 'web.log'));
  await clock.advance(2000);
  writer.write('stdout', bytes('after removal\n'));
  await until(async () => (await readLogs(dir, 'web')).length === 1);
  await truncate(join(dir, 'web.log'));
  await clock.advance(2000);
  writer.write('stderr', bytes('after emptying\n'));
  await writer.close();
  expect((await readLogs(dir, 'web')).map(({ stream, text }) => `${stream} ${text}`)).toEqual(['stderr after emptying']);
});

test('a folder that cannot be written drops output and harms nobody', async () => {
  const { dir, logs: it } = await logs();
  await writeFile(dir, 'a file where the folder should be');
  const writer = it.open('db', { maxSize: 0, keep: 0 });
  writer.write('stdout', bytes('lost\n'));
  await writer.close();
  expect(writer.dropped()).toBe(5);
});

test('a name cannot leave the folder', async () => {
  const { logs: it } = await logs();
  for (const name of ['../x', 'a/b', '.', '..', '', '.hidden', 'a\0b']) {
    expect(() => it.open(name, { maxSize: 0, keep: 0 })).toThrow(/cannot be the name of a log/);
  }
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

test('output that comes faster than the disk takes it is dropped where that is asked for, and told at its place', async () => {
  const { dir, writer } = await logs({ maxSize: 0, keep: 0, overflow: 'drop' });
  const chunk = bytes(`${'x'.repeat(1023)}\n`.repeat(64));
  for (let count = 0; count < 100; count++) expect(writer.write('stdout', chunk)).toBe(undefined);
  const dropped = writer.dropped();
  expect(dropped).toBeGreaterThan(0);
  await until(async () => (await readLogs(dir, 'web', { lines: 1 }))[0]?.stream === 'muster');
  writer.write('stdout', bytes('after\n'));
  await writer.close();
  const records = await readLogs(dir, 'web');
  expect(records.slice(-2).map(({ text }) => text)).toEqual([
    `${dropped} bytes of output were dropped: they came faster than they could be written`,
    'after',
  ]);
  expect((records.length - 2) * 1024 + dropped).toBe(100 * chunk.length);
});

test('what a writer says is missing is told where it was, also at the very end', async () => {
  const { dir, writer } = await logs();
  writer.write('stdout', bytes('before\n'));
  writer.missing(7, 'withheld');
  writer.missing(3, 'withheld');
  writer.write('stdout', bytes('after\n'));
  writer.missing(1, 'withheld');
  await writer.close();
  expect((await readLogs(dir, 'web')).map(({ text }) => text)).toEqual([
    'before',
    '10 bytes of output were left out: a transform took too long over them',
    'after',
    '1 bytes of output were left out: a transform took too long over them',
  ]);
  expect(writer.dropped()).toBe(11);
});

test('lines are told in the shape in which they were said, under the name that the log has now', async () => {
  const shape = { level: 'info', stderrLevel: 'error', prefix: 'a: ', metadata: { team: 'a' } } as const;
  const { dir, clock, writer } = await logs({ maxSize: 300, keep: 20, shape });
  for (let line = 0; line < 50; line++) await writer.write('stdout', bytes(`line ${line}\n`));
  await clock.advance(1000);
  writer.update({ maxSize: 300, keep: 20, shape: { level: 'debug', stderrLevel: 'warn', named: true, prefix: '', metadata: {} } });
  writer.rename('site');
  writer.write('stdout', bytes('plain\n'));
  writer.write('stderr', bytes('error: named\n'));
  await writer.close();
  const records = await readLogs(dir, 'site');
  expect(records[0]).toMatchObject({ level: 'info', text: 'a: line 0', metadata: { team: 'a' } });
  expect(records.slice(-2).map(({ level, text, metadata }) => [level, text, metadata])).toEqual([
    ['debug', 'plain', undefined],
    ['error', 'named', undefined],
  ]);
});
