import fc from 'fast-check';
import type { Desired, Hold, Loaded } from '../../../src/model/module.ts';
import type { Given } from './input.ts';
import { desired, loaded, type Terse } from './modules.ts';

/** A world to plan in, and numbers from which a property draws what else it needs. */
export interface World {
  given: Given & { desired: Desired[]; loaded: Loaded[]; holds: Hold[] };
  /** For shuffles and for choosing among orders. */
  seed: number;
}

/** Of these names a later one may require the earlier; by name they are in another order. */
const ranks = ['kiwi', 'beet', 'zinc', 'aloe', 'moss', 'cork', 'yarn', 'dune'];
export const secretMarker = 'S3CR3T';

interface Draw {
  terse: Terse;
  needs: { index: number; reload: boolean; soft: boolean }[];
}

const needs = fc.array(
  fc.record({ index: fc.nat({ max: ranks.length - 1 }), reload: fc.boolean(), soft: fc.integer({ min: 0, max: 3 }).map((n) => n === 0) }),
  { maxLength: 4 },
);

const code = fc.record(
  {
    args: fc.constantFrom(['a'], ['a', 'b'], ['b']),
    stopTimeout: fc.constantFrom('1s', '2s'),
    config: fc.constantFrom(
      { x: 1 },
      { x: 2, y: { z: [1] } },
      { key: { secret: `text:${secretMarker}`, fingerprint: `${secretMarker}-1` } },
    ),
    isolation: fc.constantFrom('thread', 'process'),
    code: fc.constantFrom('c1', 'c2'),
    prune: fc.integer({ min: 0, max: 6 }).map((n) => n > 0),
    env: fc.constantFrom({ T: { secret: 'env:T', fingerprint: `${secretMarker}-2` } }, { T: 'plain' }, { T: null }),
  },
  { requiredKeys: [] },
);
const command = fc.record(
  { command: fc.constantFrom(['x'], ['x', 'y']), restart: fc.constantFrom({ policy: 'never' }, { policy: 'always' }) },
  { requiredKeys: ['command'] },
);
const draw: fc.Arbitrary<Draw> = fc.record({
  terse: fc.oneof({ weight: 4, arbitrary: code }, { weight: 1, arbitrary: command }) as fc.Arbitrary<Terse>,
  needs,
});

const wantedExtras = fc.record(
  {
    disabled: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    renamedFrom: fc.constantFrom('beet', 'moss', 'dune'),
    onlyIf: fc.constantFrom({ env: ['SET'] }, { env: ['UNSET'] }, { modules: ['kiwi'] }),
    protect: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  },
  { requiredKeys: [] },
);
const loadedExtras = fc.record(
  {
    origin: fc.constantFrom('config', 'config', 'config', 'manual', 'service'),
    reconfigurable: fc.boolean(),
    started: fc.integer({ min: 0, max: 7 }).map((n) => n > 0),
    life: fc.constantFrom({ state: 'R' }, { state: 'R' }, { state: 'E', failed: true }, { state: 'B' }, { state: 'E' }),
  },
  { requiredKeys: [] },
);

interface Slot {
  /** As declared, as loaded: the same draw, another one, or none. */
  base: Draw;
  other: Draw;
  wanted: 'no' | 'base';
  running: 'no' | 'base' | 'other';
  wantedExtras: Terse | null;
  loadedExtras: Terse | null;
  held: 'no' | 'yes' | 'stopped';
}

const slot: fc.Arbitrary<Slot> = fc.record({
  base: draw,
  other: draw,
  wanted: fc.constantFrom('no', 'base', 'base'),
  running: fc.constantFrom('no', 'base', 'base', 'other'),
  wantedExtras: fc.option(wantedExtras, { freq: 2 }),
  loadedExtras: fc.option(loadedExtras, { freq: 2 }),
  held: fc.constantFrom('no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'yes', 'stopped'),
});

/** Everything at once: dependencies, renames, holds, hand-loaded and failed modules. Guards are off: they have their own cases. */
export const worlds: fc.Arbitrary<World> = fc
  .record({ slots: fc.array(slot, { minLength: ranks.length, maxLength: ranks.length }), retryFailed: fc.boolean(), seed: fc.nat() })
  .map(({ slots, retryFailed, seed }) => worldOf(slots, retryFailed, seed));

/** The same without holds, renames and whatever else lets a module be something but wanted or not. */
export const plainWorlds: fc.Arbitrary<World> = fc
  .record({ slots: fc.array(slot, { minLength: ranks.length, maxLength: ranks.length }), seed: fc.nat() })
  .map(({ slots, seed }) => worldOf(slots.map(plain), false, seed));

function plain(item: Slot): Slot {
  const pruned = (drawn: Draw): Draw => ({ ...drawn, terse: { ...drawn.terse, prune: true } });
  return { ...item, base: pruned(item.base), other: pruned(item.other), wantedExtras: null, loadedExtras: null, held: 'no' };
}

function worldOf(slots: readonly Slot[], retryFailed: boolean, seed: number): World {
  const declared = new Set(slots.flatMap((item, index) => (item.wanted === 'no' ? [] : [ranks[index] ?? ''])));
  const running = new Set(slots.flatMap((item, index) => (item.running === 'no' ? [] : [ranks[index] ?? ''])));
  const wanted: Desired[] = [];
  const present: Loaded[] = [];
  const holds: Hold[] = [];
  slots.forEach((item, index) => {
    const name = ranks[index] ?? '';
    if (declared.has(name)) wanted.push(desired(name, { ...terseOf(item.base, index, declared), ...item.wantedExtras, at: index + 1 }));
    if (running.has(name)) {
      const { life, ...extras } = (item.loadedExtras ?? {}) as Terse & { life?: Terse };
      present.push(loaded(name, { ...terseOf(item.running === 'base' ? item.base : item.other, index, running), ...extras, ...life }));
    }
    if (item.held !== 'no')
      holds.push({ name, reason: 'INC-1', since: 0, until: null, ...(item.held === 'stopped' ? { stopped: true } : {}) });
  });
  return {
    seed,
    given: {
      desired: wanted,
      loaded: present,
      holds,
      env: ['SET'],
      request: { retryFailed, override: true, maxRemovals: 100, allowEmpty: true },
    },
  };
}

/** What it requires is declared too, as the config makes sure; `after` may name anything that comes earlier. */
function terseOf(item: Draw, index: number, there: ReadonlySet<string>): Terse {
  const earlier = item.needs.filter((need) => need.index < index);
  const nameOf = (need: { index: number }): string => ranks[need.index] ?? '';
  return {
    ...item.terse,
    requires: earlier.filter((need) => !need.soft && there.has(nameOf(need))).map((need) => ({ name: nameOf(need), reload: need.reload })),
    after: earlier.filter((need) => need.soft).map(nameOf),
  };
}

/** The same items in another order, by the seed. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed % 2147483646;
  for (let i = result.length - 1; i > 0; i -= 1) {
    state = ((state + 1) * 48271) % 2147483647;
    const j = state % (i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
