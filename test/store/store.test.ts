import { expect, it } from 'vitest';
import type { Disk } from '../../src/model/ports.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createMemoryDisk, type MemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import { generation, loadedRecord } from './sample.ts';

const open = (disk: Disk): Promise<Store> => openStore({ disk, random: seeded(1), log: quiet });
const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
/** Until nothing is left to be done on a disk in memory. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ioError = Object.assign(new Error('i/o error'), { code: 'EIO' });

it('has after reopening what was appended before', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  await store.append({ type: 'loaded', record: loadedRecord('web') }, { type: 'serial', serial: 3 });
  await store.append({ type: 'renamed', from: 'web', record: loadedRecord('site') });
  await store.append({ type: 'hold', hold: { name: 'site', reason: 'INC-77', since: 1, until: null } });
  await store.append({ type: 'loaded', record: loadedRecord('gone') }, { type: 'removed', name: 'gone' });
  await store.close();
  const again = await open(disk);
  expect(again.state).toEqual(store.state);
  expect([...again.state.loaded.keys()]).toEqual(['site']);
  expect([again.state.serial, again.state.holds.get('site')?.reason, again.notes]).toEqual([3, 'INC-77', []]);
});

it('keeps its daemonId over restarts', async () => {
  const disk = createMemoryDisk();
  const first = (await open(disk)).state.daemonId;
  expect(first).not.toBe('');
  expect((await openStore({ disk, random: seeded(2), log: quiet })).state.daemonId).toBe(first);
});

it('shares one sync among appends of the same time, in order', async () => {
  const steps: string[] = [];
  const disk = createMemoryDisk({ onStep: (step) => void steps.push(step) });
  const store = await open(disk);
  steps.length = 0;
  const order: number[] = [];
  await Promise.all(Array.from({ length: 100 }, (_, serial) => store.append({ type: 'serial', serial }).then(() => order.push(serial))));
  expect(steps.filter((step) => step === 'sync journal')).toHaveLength(1);
  expect(order).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

it('shows a record only once it is durable', async () => {
  let atSync = -1;
  const disk = createMemoryDisk({
    onStep: (step) => {
      if (step === 'sync journal done' && store !== undefined) atSync = store.state.serial;
    },
  });
  let store: Store | undefined;
  store = await open(disk);
  await store.append({ type: 'serial', serial: 5 });
  expect([atSync, store.state.serial]).toEqual([0, 5]);
});

it('writes facts without a sync of their own, and they outlive a killed process', async () => {
  const steps: string[] = [];
  const disk = createMemoryDisk({ onStep: (step) => void steps.push(step) });
  const store = await open(disk);
  await store.append({ type: 'lease', lease: { id: 'l1', name: 'web', pid: null, startTime: null, bootId: null } });
  steps.length = 0;
  store.appendLater({ type: 'lease', lease: { id: 'l1', name: 'web', pid: 42, startTime: '7', bootId: 'b' } });
  await settled(() => steps.includes('append journal done'));
  expect(steps).not.toContain('sync journal');
  expect((await open(disk.kill())).state.leases.get('l1')?.pid).toBe(42);
});

it('makes durable what it found of a killed process before it shows it', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  store.appendLater({ type: 'serial', serial: 3 });
  await settled(() => store.state.serial === 3);
  const killed = disk.kill();
  const shown = (await open(killed)).state;
  expect(shown.serial).toBe(3);
  expect((await open(killed.crash({ next: () => 0 }))).state).toEqual(shown);
});

it('folds the journal into a snapshot when it grows', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  for (let i = 0; i < 3000; i += 1) void store.append({ type: 'loaded', record: loadedRecord(`m${i % 100}`, { generation: i }) });
  await store.append({ type: 'serial', serial: 9 });
  await store.close();
  expect(disk.paths()).toContain('snapshot.json');
  expect(disk.text('journal')?.length).toBeLessThan(256 * 1024);
  expect((await open(disk)).state).toEqual(store.state);
});

it('refuses changes while the disk is full and works again when there is room', async () => {
  let room = true;
  const disk = createMemoryDisk({ fault: (step) => (!room && step === 'append journal' ? { error: full, written: 10 } : undefined) });
  const store = await open(disk);
  await store.append({ type: 'serial', serial: 1 });
  room = false;
  const before = disk.text('journal');
  await expect(store.append({ type: 'serial', serial: 2 })).rejects.toMatchObject({ code: 'ENOSPC' });
  store.appendLater({ type: 'leaseEnded', id: 'l1' });
  await expect(store.append({ type: 'serial', serial: 3 })).rejects.toMatchObject({ code: 'ENOSPC' });
  expect([store.state.serial, disk.text('journal'), store.failure?.code]).toEqual([1, before, 'ENOSPC']);
  room = true;
  await store.append({ type: 'serial', serial: 4 });
  expect(store.failure).toBeNull();
  const again = await open(disk);
  expect([again.state.serial, again.notes]).toEqual([4, []]);
});

it('keeps facts that a failed write lost and writes them with the next batch', async () => {
  let broken = false;
  const disk = createMemoryDisk({ fault: (step) => (broken && step === 'append journal' ? { error: ioError, written: 3 } : undefined) });
  const store = await open(disk);
  await store.append({ type: 'lease', lease: { id: 'l1', name: 'web', pid: null, startTime: null, bootId: null } });
  broken = true;
  store.appendLater({ type: 'leaseEnded', id: 'l1' });
  await expect(store.append({ type: 'serial', serial: 2 })).rejects.toMatchObject({ code: 'EIO' });
  broken = false;
  await store.append({ type: 'serial', serial: 3 });
  const again = await open(disk);
  expect([again.state.serial, again.state.leases.size]).toEqual([3, 0]);
});

it('writes facts that a failed write lost also where nothing is appended any more, and says once that it could not', async () => {
  let room = true;
  const errors: string[] = [];
  const log = { ...quiet, error: (_: object, message: string) => void errors.push(message) };
  const disk = createMemoryDisk({ fault: (step) => (!room && step === 'append journal' ? { error: full } : undefined) });
  const store = await openStore({ disk, random: seeded(1), log });
  await store.append({ type: 'lease', lease: { id: 'l1', name: 'web', pid: null, startTime: null, bootId: null } });
  room = false;
  store.appendLater({ type: 'leaseEnded', id: 'l1' });
  for (let n = 0; n < 3; n += 1) {
    await turns();
    store.retryLost();
  }
  await turns();
  expect([store.state.leases.size, store.failure?.code, errors.length]).toEqual([1, 'ENOSPC', 1]);
  room = true;
  store.retryLost();
  await turns();
  const written = disk.text('journal');
  store.retryLost();
  await turns();
  expect([store.state.leases.size, store.failure, disk.text('journal')]).toEqual([0, null, written]);
  expect((await open(disk)).state.leases.size).toBe(0);
});

it('writes facts that a failed write lost when it is closed, if it can by then', async () => {
  let room = true;
  const disk = createMemoryDisk({ fault: (step) => (!room && step === 'append journal' ? { error: full } : undefined) });
  const store = await open(disk);
  await store.append({ type: 'lease', lease: { id: 'l1', name: 'web', pid: null, startTime: null, bootId: null } });
  room = false;
  store.appendLater({ type: 'leaseEnded', id: 'l1' });
  await turns();
  room = true;
  await store.close();
  expect((await open(disk)).state.leases.size).toBe(0);
});

it('does not believe a sync that failed, even where the file could not be repaired at once', async () => {
  let broken = false;
  const disk = createMemoryDisk({ fault: (step) => (broken && /^(sync|truncate) journal$/.test(step) ? { error: ioError } : undefined) });
  const store = await open(disk);
  broken = true;
  await expect(store.append({ type: 'serial', serial: 7 })).rejects.toMatchObject({ code: 'EIO' });
  await expect(store.append({ type: 'serial', serial: 8 })).rejects.toMatchObject({ code: 'EIO' });
  expect(store.state.serial).toBe(0);
  broken = false;
  await store.append({ type: 'hold', hold: { name: '*', reason: 'freeze', since: 1, until: null } });
  const again = await open(disk);
  expect([again.state.serial, again.state.holds.size, again.notes]).toEqual([0, 1, []]);
});

it('uses the whole records of a journal that was cut off, keeps the rest aside and says so, once', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  await store.append({ type: 'loaded', record: loadedRecord('web') });
  await store.append({ type: 'serial', serial: 2 });
  const text = disk.text('journal') ?? '';
  disk.put('journal', text.slice(0, -5));
  const again = await open(disk);
  expect([[...again.state.loaded.keys()], again.state.serial]).toEqual([['web'], 0]);
  expect(again.notes).toEqual([
    'the last record of the journal was cut off in the middle; 2 whole records were used, the rest is in journal.damaged-1',
  ]);
  expect(text).toContain(disk.text('journal.damaged-1') ?? '?');
  const third = await open(disk);
  expect([third.state, third.notes]).toEqual([again.state, []]);
});

it('uses the whole records on both sides of a damaged place', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  for (const name of ['a', 'b', 'c']) await store.append({ type: 'loaded', record: loadedRecord(name) });
  const lines = (disk.text('journal') ?? '').split('\n');
  disk.put('journal', lines.map((line, i) => (i === 2 ? line.replace('sleep', 'slee?') : line)).join('\n'));
  const again = await open(disk);
  expect([...again.state.loaded.keys()]).toEqual(['a', 'c']);
  expect(again.notes[0]).toMatch(/damaged in one place; 3 whole records were used, the rest is in journal\.damaged-1/);
  expect(disk.text('journal.damaged-1')).toContain('slee?');
  expect((await open(disk)).state).toEqual(again.state);
});

it('starts from the newest whole generation where the snapshot is damaged', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  await store.saveGeneration(generation(1, ['old']));
  await store.saveGeneration(generation(2, ['a', 'b']));
  disk.put('snapshot.json', 'rubbish');
  disk.put('journal', '');
  const again = await open(disk);
  expect([[...again.state.loaded.keys()], again.state.generation]).toEqual([['a', 'b'], 2]);
  expect(again.notes).toHaveLength(2);
  expect(disk.text('snapshot.json.damaged-1')).toBe('rubbish');
  expect((await open(disk)).notes).toEqual([]);
});

it('survives a journal of any bytes', async () => {
  const random = seeded(3);
  for (let round = 0; round < 50; round += 1) {
    const disk = createMemoryDisk();
    disk.put(
      'journal',
      Uint8Array.from({ length: 500 }, () => Math.floor(random.next() * 256)),
    );
    const store = await open(disk);
    expect(store.notes).toHaveLength(1);
    await store.append({ type: 'serial', serial: round });
    expect((await open(disk)).state.serial).toBe(round);
  }
});

it('keeps the last 20 generations and gives each as it was saved', async () => {
  const { disk, store } = await withGenerations(25);
  expect(disk.paths().filter((path) => path.startsWith('generations/'))).toHaveLength(20);
  expect(await store.loadGeneration('last')).toEqual(generation(25, ['m25']));
  expect(await store.loadGeneration(6)).toEqual(generation(6, ['m6']));
  expect(await store.loadGeneration(5)).toBeNull();
  expect(store.state.generation).toBe(25);
});

it('passes over a damaged last generation, and gives no other one for a number', async () => {
  const { disk, store } = await withGenerations(3);
  disk.put('generations/3.json', (disk.text('generations/3.json') ?? '').replace('m3', 'mX'));
  expect((await store.loadGeneration('last'))?.number).toBe(2);
  expect(await store.loadGeneration(3)).toBeNull();
});

it('has no generation before the first', async () => {
  expect(await (await open(createMemoryDisk())).loadGeneration('last')).toBeNull();
});

it('does not count a generation whose head did not make it into the journal', async () => {
  let fail = false;
  const disk = createMemoryDisk({ fault: (step) => (fail && step === 'append journal' ? { error: full } : undefined) });
  const store = await open(disk);
  await store.saveGeneration(generation(1, ['a']));
  fail = true;
  await expect(store.saveGeneration(generation(2, ['b']))).rejects.toMatchObject({ code: 'ENOSPC' });
  fail = false;
  const again = await open(disk);
  expect([again.state.generation, (await again.loadGeneration('last'))?.number]).toEqual([1, 1]);
});

it('writes nothing more once it is closed', async () => {
  const store = await open(createMemoryDisk());
  await store.close();
  await store.close();
  await expect(store.append({ type: 'serial', serial: 1 })).rejects.toMatchObject({ code: 'EIO' });
});

async function withGenerations(count: number): Promise<{ disk: MemoryDisk; store: Store }> {
  const disk = createMemoryDisk();
  const store = await open(disk);
  for (let n = 1; n <= count; n += 1) await store.saveGeneration(generation(n, [`m${n}`]));
  return { disk, store };
}

async function settled(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setImmediate(resolve));
}
