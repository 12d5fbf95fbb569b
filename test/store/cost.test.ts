import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDisk } from '../../src/store/disk.ts';
import { openStore } from '../../src/store/store.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import { loadedRecord } from './sample.ts';

it('persists a change for little more than an append and its sync cost', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-cost-'));
  const store = await openStore({ disk: openDisk(dir), random: seeded(1), log: quiet });
  const raw = await open(join(dir, 'raw'), 'a');
  const record = loadedRecord('web');
  const text = `${'x'.repeat(8)} ${JSON.stringify({ seq: 1, type: 'loaded', record })}\n`;
  const ratios: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    const bare: number[] = [];
    const ours: number[] = [];
    for (let i = 0; i < 60; i += 1) {
      bare.push(
        await timed(async () => {
          await raw.write(text);
          await raw.datasync();
        }),
      );
      ours.push(await timed(() => store.append({ type: 'loaded', record })));
    }
    ratios.push(median(ours) / median(bare));
  }
  await raw.close();
  await store.close();
  await rm(dir, { recursive: true });
  // The best of some rounds: what else runs on the machine only ever makes one slower.
  expect(Math.min(...ratios)).toBeLessThan(1.5);
});

async function timed(run: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
