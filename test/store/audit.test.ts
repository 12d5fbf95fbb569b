import { expect, test } from 'vitest';
import type { AuditLine } from '../../src/model/audit.ts';
import { openAudit } from '../../src/store/audit.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryDisk, type Fault, type MemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';

const line = (method: string): Omit<AuditLine, 'seq'> => ({
  ...{ at: '2030-01-01T00:00:00.000Z', by: 'alice', peer: null, method, trigger: method, params: {}, reason: null },
  ...{ outcome: 'done', exitCode: 0, planId: null, serial: 1, generation: 1, changes: [], moreChanges: 0, error: null },
});
const open = (disk: MemoryDisk, fileBytes?: number) =>
  openAudit({ disk, clock: createFakeClock(), log: quiet, ...(fileBytes === undefined ? {} : { fileBytes }) });
const linesIn = (disk: MemoryDisk, path = 'audit.log'): string[] =>
  (disk.text(path) ?? '')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const { seq, method } = JSON.parse(text) as AuditLine;
      return `${seq} ${method}`;
    });

test('a line is durable once its append resolves, and numbers go on after a crash', async () => {
  const disk = createMemoryDisk();
  const audit = await open(disk);
  await Promise.all([audit.append(line('load')), audit.append(line('stop'))]);
  const left = disk.crash({ next: () => 0 });
  expect(linesIn(left)).toEqual(['1 load', '2 stop']);
  await (await open(left)).append(line('hold'));
  expect(linesIn(left)).toEqual(['1 load', '2 stop', '3 hold']);
});

test('what a crash cut off goes, for nobody was told that it was written', async () => {
  const disk = createMemoryDisk();
  await (await open(disk)).append(line('load'));
  disk.put('audit.log', `${disk.text('audit.log')}{"seq":2,"at":"20`);
  await (await open(disk)).append(line('stop'));
  expect(linesIn(disk)).toEqual(['1 load', '2 stop']);
});

test('a disk that takes nothing keeps nobody waiting; lines come once it does, none torn, none twice', async () => {
  let full = false;
  const fault = (step: string): Fault | undefined =>
    full && step === 'append audit.log' ? { error: Object.assign(new Error('no space'), { code: 'ENOSPC' }), written: 7 } : undefined;
  const disk = createMemoryDisk({ fault });
  const clock = createFakeClock();
  const audit = await openAudit({ disk, clock, log: quiet });
  await audit.append(line('load'));
  full = true;
  for (const method of ['stop', 'hold']) await audit.append(line(method));
  expect(audit.trouble).toMatchObject({ code: 'ENOSPC', waiting: 2, lost: 0 });
  full = false;
  await clock.advance(5000);
  expect(audit.trouble).toBeNull();
  expect(linesIn(disk)).toEqual(['1 load', '2 stop', '3 hold']);
});

test('what is too much to wait is lost, said, and seen by the numbers', async () => {
  let full = true;
  const fault = (step: string): Fault | undefined => (full && step === 'open audit.log' ? { error: new Error('gone') } : undefined);
  const disk = createMemoryDisk({ fault });
  const clock = createFakeClock();
  const audit = await openAudit({ disk, clock, log: quiet });
  for (let count = 0; count < 1003; count += 1) await audit.append(line('load'));
  expect(audit.trouble).toMatchObject({ code: 'EIO', waiting: 1000, lost: 3 });
  full = false;
  await clock.advance(5000);
  expect(linesIn(disk)).toHaveLength(1000);
  expect(linesIn(disk)[0]).toBe('4 load');
  expect(audit.trouble).toMatchObject({ waiting: 0, lost: 3 });
});

test('a file that has grown is put aside; nine are kept, and the numbers go on', async () => {
  const disk = createMemoryDisk();
  const audit = await open(disk, 600);
  for (let count = 0; count < 30; count += 1) await audit.append(line('load'));
  const files = disk.paths().filter((path) => path.startsWith('audit.log'));
  expect(files).toEqual(
    ['audit.log', ...Array.from({ length: 9 }, (_, age) => `audit.log.${age + 1}`)].filter((path) => disk.text(path) !== null),
  );
  const all = [...Array.from({ length: 9 }, (_, age) => `audit.log.${9 - age}`), 'audit.log'].flatMap((path) => linesIn(disk, path));
  expect(all.map((text) => Number(text.split(' ')[0]))).toEqual(Array.from({ length: all.length }, (_, index) => 31 - all.length + index));
  expect(all.length).toBeGreaterThanOrEqual(18);
  await (await open(disk, 600)).append(line('stop'));
  expect(linesIn(disk).at(-1) ?? linesIn(disk, 'audit.log.1').at(-1)).toBe('31 stop');
});
