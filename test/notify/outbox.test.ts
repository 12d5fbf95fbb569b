import { expect, test } from 'vitest';
import type { Notification } from '../../src/model/notify.ts';
import { nothingTold } from '../../src/notify/decide.ts';
import { openOutbox } from '../../src/notify/outbox.ts';
import { createMemoryDisk, type Fault, type MemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';

const note = (id: string, text = ''): Notification => ({ id, text }) as Notification;
const open = (disk: MemoryDisk) => openOutbox({ disk, log: quiet });
const ids = (notifications: readonly Notification[]): string[] => notifications.map(({ id }) => id);

test('keeps what waits for each receiver, in order, over a power cut, and nothing that was taken', async () => {
  const disk = createMemoryDisk();
  const outbox = await open(disk);
  await outbox.keepOnly(['a', 'b'], 'sealed');
  await outbox.queue({ ...nothingTold, drift: 'x' }, [
    { to: ['a', 'b'], notification: note('1') },
    { to: ['b'], notification: note('2') },
  ]);
  await outbox.done('b', '1');
  const after = await open(disk.crash({ next: () => 0 }));
  expect([ids(after.waiting('a')), ids(after.waiting('b')), after.waiting('c')]).toEqual([['1'], ['2'], []]);
  expect([after.told.drift, after.sealed]).toEqual(['x', 'sealed']);
});

test('takes a line that was cut off for nothing, and goes on behind it', async () => {
  const disk = createMemoryDisk();
  await (await open(disk)).queue(nothingTold, [{ to: ['a'], notification: note('1') }]);
  disk.put('outbox', `${disk.text('outbox')}{"type":"done","to":"a","i`);
  const again = await open(disk);
  expect(ids(again.waiting('a'))).toEqual(['1']);
  await again.queue(nothingTold, [{ to: ['a'], notification: note('2') }]);
  expect(ids((await open(disk)).waiting('a'))).toEqual(['1', '2']);
});

test('drops the oldest of a receiver that takes nothing, and says how many', async () => {
  const disk = createMemoryDisk();
  const outbox = await open(disk);
  const many = Array.from({ length: 1000 }, (_, index) => ({ to: ['a'], notification: note(String(index)) }));
  expect(await outbox.queue(nothingTold, many)).toEqual(new Map());
  expect(await outbox.queue(nothingTold, [{ to: ['a', 'b'], notification: note('last') }])).toEqual(new Map([['a', 1]]));
  for (const box of [outbox, await open(disk)]) {
    expect([box.waiting('a').length, box.waiting('a')[0]?.id, box.waiting('a').at(-1)?.id]).toEqual([1000, '1', 'last']);
    expect(ids(box.waiting('b'))).toEqual(['last']);
  }
});

test('writes all of it anew after a disk that was full, and when it has grown', async () => {
  let full = false;
  const fault = (step: string): Fault | undefined =>
    full && /^(append|replace)/.test(step) ? { error: Object.assign(new Error('full'), { code: 'ENOSPC' }), written: 3 } : undefined;
  const disk = createMemoryDisk({ fault });
  const outbox = await open(disk);
  full = true;
  await outbox.queue(nothingTold, [{ to: ['a'], notification: note('1') }]);
  expect(ids(outbox.waiting('a'))).toEqual(['1']);
  full = false;
  await outbox.queue(nothingTold, [{ to: ['a'], notification: note('2') }]);
  expect(ids((await open(disk)).waiting('a'))).toEqual(['1', '2']);
  for (let round = 0; round < 60; round += 1) {
    await outbox.queue(nothingTold, [{ to: ['a'], notification: note(`big${round}`, 'x'.repeat(50_000)) }]);
    await outbox.done('a', `big${round}`);
  }
  expect(disk.text('outbox')?.length).toBeLessThan(1_200_000);
  expect(ids((await open(disk)).waiting('a'))).toEqual(['1', '2']);
});

test('forgets what waits for a receiver that is not told any more', async () => {
  const disk = createMemoryDisk();
  const outbox = await open(disk);
  await outbox.keepOnly(['a', 'b'], 's1');
  await outbox.queue(nothingTold, [{ to: ['a', 'b'], notification: note('1') }]);
  await outbox.keepOnly(['b'], 's2');
  const after = await open(disk);
  expect([ids(after.waiting('a')), ids(after.waiting('b')), after.sealed]).toEqual([[], ['1'], 's2']);
});
