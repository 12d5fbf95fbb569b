import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { expectGenerated } from '../docs/page.ts';
import { until } from '../support/place.ts';
import type { Shape } from './instances.ts';
import { type Count, type Counts, type Fault, measure } from './measure.ts';
import { isPromised } from './promises.ts';
import { setups } from './setups.ts';
import { type Measured, survivorTable } from './table.ts';

/** `npm run survivors` counts everything when it is that old, for a table; tests wait only for what is promised. */
const afterMs = process.env.SURVIVORS_AFTER_MS;
const measured: Measured[] = [];

afterAll(() => {
  if (afterMs === undefined) return;
  const table = survivorTable(measured);
  process.stdout.write(`\n${table}\n\n`);
  if (process.env.UPDATE === '1') expectGenerated('processes', 'survivors', table);
});

test.concurrent.each(setups)(
  'of programs held by a $text nothing survives or is doubled that is not to be',
  { timeout: 120_000 },
  async (setup) => {
    const { containment, text, missing } = setup;
    if (missing !== null) return void process.stderr.write(`what survives where a ${text} setups it is not tested: ${missing}\n`);
    const problems: string[] = [];
    const wrong = (counts: Counts, fault: Fault) =>
      Object.entries(counts).filter(([shape, count]) => count !== 0 && isPromised(containment, fault, shape as Shape));
    const settle = async (count: Count, fault: Fault): Promise<Counts> => {
      let counts = count();
      const isRight = (): boolean => {
        counts = count();
        return wrong(counts, fault).length === 0;
      };
      if (afterMs === undefined) await until(isRight, fault).catch(() => {});
      else await sleep(Number(afterMs)).then(isRight);
      for (const [shape, count] of wrong(counts, fault)) problems.push(`${fault}: ${count} of ${shape}`);
      return counts;
    };
    measured.push({ text, results: await measure(setup, settle) });
    expect(problems).toEqual([]);
  },
);
