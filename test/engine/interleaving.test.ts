import { expect, test } from 'vitest';
import { runInterleaving } from './interleaving.ts';

// A failing seed replays with INTERLEAVING_SEED=N; INTERLEAVING_COUNT says how many are tried, from INTERLEAVING_FROM on.
const only = process.env.INTERLEAVING_SEED;
const count = Number(process.env.INTERLEAVING_COUNT ?? 300);
const from = Number(process.env.INTERLEAVING_FROM ?? 0);

test('whatever is asked for at once comes to what some order of it comes to', async () => {
  const seeds = only === undefined ? Array.from({ length: count }, (_, index) => from + index) : [Number(only)];
  for (const seed of seeds) expect(await runInterleaving(seed)).toBeNull();
});
