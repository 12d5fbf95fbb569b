import { expect, it } from 'vitest';
import type { LoadedRecord } from '../../src/model/module.ts';
import type { Random } from '../../src/model/ports.ts';
import { openStore } from '../../src/store/store.ts';
import { createMemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';

const random: Random = { next: () => 0.5, id: () => 'id-1' };
const web = { name: 'web', kind: 'command' } as unknown as LoadedRecord;

it('has after reopening what was appended before', async () => {
  const disk = createMemoryDisk();
  const store = await openStore({ disk, random, log: quiet });
  await store.append({ type: 'loaded', record: web }, { type: 'serial', serial: 3 });
  await store.close();
  const again = await openStore({ disk, random, log: quiet });
  expect(again.state).toEqual(store.state);
  expect([again.state.daemonId, again.state.serial, [...again.state.loaded.keys()], again.notes]).toEqual(['id-1', 3, ['web'], []]);
});
