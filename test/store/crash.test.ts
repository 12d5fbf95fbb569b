import { expect, it } from 'vitest';
import type { Disk } from '../../src/model/ports.ts';
import type { JournalRecord } from '../../src/store/records.ts';
import { openStore } from '../../src/store/store.ts';
import { createMemoryDisk, type MemoryDisk } from '../support/memory-disk.ts';
import { fc } from '../support/properties.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import { comparable, flood, folded, records } from './acts.ts';
import { generation } from './sample.ts';

type Act = { do: 'append'; batches: JournalRecord[][] } | { do: 'generation' } | { do: 'flood' };
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .array(fc.array(records, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
        .map((batches): Act => ({ do: 'append', batches })),
    },
    { weight: 2, arbitrary: fc.constant<Act>({ do: 'generation' }) },
    { weight: 1, arbitrary: fc.constant<Act>({ do: 'flood' }) },
  ),
  { maxLength: 6 },
);

const open = (disk: Disk) => openStore({ disk, random: seeded(1), log: quiet });

/** Runs the acts until the step at which the power goes. What was asked for, in order, and how much of it was acknowledged. */
async function run(todo: readonly Act[], crashAt: number, seed: number) {
  const asked: JournalRecord[] = [];
  let acknowledged = 0;
  let saved = 0;
  let steps = 0;
  let left: MemoryDisk | null = null;
  let gone: () => void = () => {};
  const crashed = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const disk = createMemoryDisk({
    onStep() {
      steps += 1;
      if (steps !== crashAt) return;
      left = disk.crash(seeded(seed));
      gone();
    },
  });
  const append = (store: Awaited<ReturnType<typeof open>>, batch: JournalRecord[]) => {
    asked.push(...batch);
    const upTo = asked.length;
    return store.append(...batch).then(() => {
      acknowledged = Math.max(acknowledged, upTo);
    });
  };
  const work = (async () => {
    const store = await open(disk);
    for (const act of todo) {
      if (act.do === 'append') await Promise.all(act.batches.map((batch) => append(store, batch)));
      // Enough to make it compact.
      else if (act.do === 'flood') await append(store, flood);
      else {
        const next = generation(saved + 1, ['a']);
        const { modules, policy, ...head } = next;
        asked.push({ type: 'generation', generation: head });
        const upTo = asked.length;
        await store.saveGeneration(next);
        acknowledged = upTo;
        saved += 1;
      }
    }
  })();
  await Promise.race([work, crashed]);
  return { disk: left ?? disk.crash(seeded(seed)), asked, acknowledged, saved };
}

it('has each acknowledged record and no half of another after a crash at any step and a tear at any byte', async () => {
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 1, max: 120 }), fc.nat(), async (todo, crashAt, seed) => {
      const { disk, asked, acknowledged, saved } = await run(todo, crashAt, seed);
      const once = await open(disk);
      const possible = Array.from({ length: asked.length - acknowledged + 1 }, (_, i) => acknowledged + i);
      const texts = possible.map((count) => comparable(folded(asked.slice(0, count), once.state.daemonId)));
      expect(texts).toContain(comparable(once.state));
      expect(once.state.generation).toBeGreaterThanOrEqual(saved);
      if (saved > 0) expect((await once.loadGeneration('last'))?.number).toBe(once.state.generation);
      const shown = comparable(once.state);
      await once.close();
      const twice = await open(disk.crash(seeded(seed + 1)));
      expect(comparable(twice.state)).toBe(shown);
      expect(twice.notes).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

it('has them also where the crash hits the recovery itself', async () => {
  await fc.assert(
    fc.asyncProperty(
      acts,
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 25 }),
      fc.nat(),
      async (todo, crashAt, again, seed) => {
        const { disk, asked, acknowledged } = await run(todo, crashAt, seed);
        const survivor = await crashWhileOpening(disk, again, seed);
        const once = await open(survivor);
        const texts = Array.from({ length: asked.length - acknowledged + 1 }, (_, i) =>
          comparable(folded(asked.slice(0, acknowledged + i), once.state.daemonId)),
        );
        expect(texts).toContain(comparable(once.state));
      },
    ),
    { numRuns: 300 },
  );
});

async function crashWhileOpening(disk: MemoryDisk, step: number, seed: number): Promise<MemoryDisk> {
  let steps = 0;
  let left: MemoryDisk | null = null;
  let gone: () => void = () => {};
  const crashed = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const watched = disk.with({
    onStep() {
      steps += 1;
      if (steps !== step) return;
      left = watched.crash(seeded(seed));
      gone();
    },
  });
  await Promise.race([open(watched), crashed]);
  return left ?? watched.crash(seeded(seed));
}
