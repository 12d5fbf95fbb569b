import { expect, it } from 'vitest';
import type { KeptHead } from '../../src/model/generation.ts';
import type { Disk } from '../../src/model/ports.ts';
import { seal } from '../../src/store/sealed.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { createMemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import { generation } from './sample.ts';

const open = (disk: Disk): Promise<Store> => openStore({ disk, random: seeded(1), log: quiet });

it('keeps the last healthy generation beside the last 20, and lists what each is known by', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  for (let n = 1; n <= 3; n += 1) {
    await store.saveGeneration(generation(n, [`m${n}`]));
    if (n < 3) await store.markHealthy(n, `then ${n}`);
  }
  for (let n = 4; n <= 30; n += 1) await store.saveGeneration({ ...generation(n), reason: `of ${n}` });
  expect(await store.generations()).toEqual([2, ...Array.from({ length: 20 }, (_, i) => 11 + i)]);
  const heads = await store.heads();
  expect(heads.map(({ number }) => number)).toEqual(await store.generations());
  expect(heads.at(0)).toMatchObject({ number: 2, healthyAt: 'then 2' });
  expect(heads.at(-1)).toEqual({ ...headOf(30), reason: 'of 30' });
  expect(await store.loadGeneration(2)).toEqual(generation(2, ['m2']));
  // A newer one that was healthy takes its place.
  await store.markHealthy(30, 'now');
  await store.markHealthy(30, 'later');
  await store.saveGeneration(generation(31));
  expect((await store.generations()).at(0)).toBe(12);
  expect((await store.heads()).at(-2)).toMatchObject({ number: 30, healthyAt: 'now' });
  expect(disk.paths().filter((path) => path.endsWith('.healthy'))).toEqual(['generations/30.healthy']);
});

it('lists generations whose heads the journal has not, and none that did not count', async () => {
  const disk = createMemoryDisk();
  for (let n = 1; n <= 3; n += 1) disk.put(`generations/${n}.json`, seal(generation(n, [`m${n}`])));
  // As a version left it that wrote no heads.
  disk.put('snapshot.json', seal({ formatVersion: 1, seq: 9, daemonId: 'd', serial: 1, generation: 3, loaded: [], holds: [], leases: [] }));
  disk.put('generations/4.json', seal(generation(4)));
  disk.put('generations/2.json', 'torn');
  const again = await open(disk);
  expect(await again.generations()).toEqual([1, 2, 3]);
  expect(await again.heads()).toEqual([headOf(1), headOf(3)]);
  await again.saveGeneration(generation(4));
  expect((await again.heads()).map(({ number }) => number)).toEqual([1, 3, 4]);
});

it('pauses automatic runs with the record of a rollback, until a record ends that', async () => {
  const disk = createMemoryDisk();
  const store = await open(disk);
  await store.saveGeneration(generation(1));
  await store.saveGeneration({ ...generation(2), rollbackOf: 1, reason: 'INC-7', by: 'alice' });
  const paused = { since: generation(2).at, rollbackOf: 1, reason: 'INC-7', by: 'alice' };
  expect(store.state.paused).toEqual(paused);
  await store.saveGeneration(generation(3));
  const left = disk.kill();
  const again = await open(left);
  expect(again.state.paused).toEqual(paused);
  await again.append({ type: 'paused', paused: null });
  expect((await open(left.kill())).state.paused).toBeNull();
});

it('takes a pause over from the last generation where the snapshot is damaged', async () => {
  const disk = createMemoryDisk();
  disk.put('generations/2.json', seal({ ...generation(2), rollbackOf: 1 }));
  disk.put('snapshot.json', 'torn');
  expect((await open(disk)).state).toMatchObject({ generation: 2, paused: { rollbackOf: 1 } });
});

it('forgets that one was healthy with the journal that had it', async () => {
  const disk = createMemoryDisk();
  disk.put('generations/1.healthy', seal({ at: 'before' }));
  const store = await open(disk);
  await store.saveGeneration(generation(1));
  expect(await store.heads()).toEqual([headOf(1)]);
});

function headOf(number: number): KeptHead {
  const { modules, policy, ...head } = generation(number);
  return { ...head, healthyAt: null };
}
