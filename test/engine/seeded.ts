import type { Random } from '../../src/model/ports.ts';

/** A small seeded generator (mulberry32): the same seed gives the same schedule for ever. */
export function seeded(seed: number): Random & { int(below: number): number; chance(p: number): boolean; pick<T>(list: readonly T[]): T } {
  let state = seed >>> 0;
  let ids = 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    id: () => `${seed}-${++ids}`,
    int: (below) => Math.floor(next() * below),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
  };
}
