import { expect, it } from 'vitest';
import type { JournalRecord } from '../../src/store/records.ts';
import { openStore } from '../../src/store/store.ts';
import { createMemoryDisk } from '../support/memory-disk.ts';
import { fc } from '../support/properties.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import { comparable, flood, folded, records } from './acts.ts';

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

it('holds exactly what was not refused, whatever of the disk fails and when', async () => {
  const acts = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.array(records, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.constant<JournalRecord[]>(flood) },
    ),
    { minLength: 1, maxLength: 12 },
  );
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 2, max: 6 }), fc.boolean(), fc.nat(), async (batches, oneIn, facts, seed) => {
      const random = seeded(seed);
      let failing = false;
      const disk = createMemoryDisk({
        fault: (step) => {
          if (!failing || step.startsWith('close') || random.next() * oneIn >= 1) return undefined;
          return { error: full, ...(step.startsWith('append') ? { written: Math.floor(random.next() * 60) } : {}) };
        },
      });
      const store = await openStore({ disk, random, log: quiet });
      failing = true;
      const accepted: JournalRecord[] = [];
      let noted = 0;
      for (const batch of batches) {
        // Facts touch what nothing else touches, so that being late does not matter.
        if (facts) store.appendLater({ type: 'leaseEnded', id: 'none' }, { type: 'lease', lease: { ...lease, pid: ++noted } });
        await store.append(...batch).then(
          () => accepted.push(...batch),
          () => {
            refused += 1;
          },
        );
      }
      failing = false;
      const last: JournalRecord = { type: 'hold', hold: { name: '*', reason: 'the end', since: 1, until: null } };
      await store.append(last);
      accepted.push(last);
      if (facts) accepted.push({ type: 'lease', lease: { ...lease, pid: noted } });
      const expected = comparable(folded(accepted, store.state.daemonId));
      expect(comparable(store.state)).toBe(expected);
      const again = await openStore({ disk: disk.crash({ next: () => 0 }), random, log: quiet });
      expect(comparable(again.state)).toBe(expected);
      expect(again.notes).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(100);
});

const lease = { id: 'fact', name: 'web', pid: 0, startTime: '1', bootId: 'b' };
