import { expect, test } from 'vitest';
import { runSchedule } from './schedule.ts';

// A failing seed replays with SIM_SEED=N; SIM_COUNT says how many schedules are tried, from SIM_FROM on.
const only = process.env.SIM_SEED;
const count = Number(process.env.SIM_COUNT ?? 10_000);
const from = Number(process.env.SIM_FROM ?? 0);

test('whatever is killed when, each declared module runs exactly once afterwards and nothing is lost', { timeout: 900_000 }, async () => {
  // Refusals and failures by the hundred thousand, whose stacks nobody reads: a replay has them.
  if (only === undefined) Error.stackTraceLimit = 0;
  const seeds = only === undefined ? Array.from({ length: count }, (_, index) => from + index) : [Number(only)];
  for (const seed of seeds) {
    const problems = await runSchedule(seed, only === undefined ? undefined : (line) => process.stderr.write(`${line}\n`));
    expect(problems, `seed ${seed}: replay with SIM_SEED=${seed}`).toEqual([]);
  }
});
