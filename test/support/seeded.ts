import type { Random } from '../../src/model/ports.ts';

/** Where a random test begins: each time at the same seed, so that a failure can be looked at again, or at that of the environment. */
export function seedOf(variable: string): number {
  return Number(process.env[variable] ?? 20_260);
}

/** The same numbers and ids for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  let ids = 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
    id() {
      ids += 1;
      return `id-${seed}-${ids}`;
    },
  };
}
