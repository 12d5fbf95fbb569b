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

/** The first of the names may provide these; the later ones may require them, or be loaded by them. */
export const services = ['sched', 'store'];
const providing = 3;

interface Draw {
  terse: Terse;
  needs: { index: number; reload: boolean; soft: boolean }[];
  provides: string[];
  priority: number;
  uses: { service: string; reload: boolean }[];
  /** Loaded by the module of this index, or by a service. */
  host: number | string | null;
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
  provides: fc.oneof(
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
    { weight: 2, arbitrary: fc.subarray(services, { minLength: 1 }) },
  ),
  priority: fc.nat({ max: 2 }),
  uses: fc.array(fc.record({ service: fc.constantFrom(...services), reload: fc.boolean() }), { maxLength: 1 }),
  host: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.nat({ max: ranks.length - 1 }) },
    { weight: 1, arbitrary: fc.constantFrom(...services) },
  ),
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
    life: fc.constantFrom(
      { state: 'R' },
      { state: 'R' },
      { state: 'E', failed: true },
      { state: 'B' },
      { state: 'E' },
      { state: 'E', finished: { at: 0, why: 'finished' } },
    ),
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
  held: fc.constantFrom('no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'no', 'yes', 'stopped'),
});

/** Modules that have to do with each other by services, and with little else. */
const busyDraw: fc.Arbitrary<Draw> = fc.record({
  terse: fc.record({ args: fc.constantFrom(['a'], ['b']) }, { requiredKeys: [] }) as fc.Arbitrary<Terse>,
  needs: fc.constant([]),
  provides: fc.subarray(services, { minLength: 1 }),
  priority: fc.nat({ max: 2 }),
  uses: fc.array(fc.record({ service: fc.constantFrom(...services), reload: fc.boolean() }), { maxLength: 1 }),
  host: fc.constantFrom(null, 3, ...services, ...services),
});
const busySlot: fc.Arbitrary<Slot> = fc.record({
  base: busyDraw,
  other: busyDraw,
  wanted: fc.constantFrom('no', 'base', 'base'),
  running: fc.constantFrom('no', 'base', 'other'),
  wantedExtras: fc.constant(null),
  loadedExtras: fc.constant(null),
  held: fc.constantFrom('no', 'no', 'yes'),
});

function slotsOf(of: fc.Arbitrary<Slot>): fc.Arbitrary<Slot[]> {
  return fc.array(of, { minLength: ranks.length, maxLength: ranks.length });
}

/** Everything at once: dependencies, renames, holds, hand-loaded and failed modules. Guards are off: they have their own cases. */
export const worlds: fc.Arbitrary<World> = fc
  .record({
    slots: fc.oneof(slotsOf(slot), slotsOf(busySlot)),
    retryFailed: fc.boolean(),
    seed: fc.nat(),
    choice: fc.nat({ max: 9 }),
  })
  .map(({ slots, retryFailed, seed, choice }) => worldOf(slots, retryFailed, seed, choice));

/** The same without holds, renames and whatever else lets a module be something but wanted or not. */
export const plainWorlds: fc.Arbitrary<World> = fc
  .record({ slots: slotsOf(slot), seed: fc.nat(), choice: fc.nat({ max: 9 }) })
  .map(({ slots, seed, choice }) => worldOf(slots.map(plain), false, seed, choice));

function plain(item: Slot): Slot {
  const pruned = (drawn: Draw): Draw => ({ ...drawn, terse: { ...drawn.terse, prune: true } });
  return { ...item, base: pruned(item.base), other: pruned(item.other), wantedExtras: null, loadedExtras: null, held: 'no' };
}

function worldOf(slots: readonly Slot[], retryFailed: boolean, seed: number, choice: number): World {
  const declared = new Map(slots.flatMap((item, index) => (item.wanted === 'no' ? [] : [[ranks[index] ?? '', item.base] as const])));
  const drawnOf = (item: Slot): Draw => (item.running === 'base' ? item.base : item.other);
  const running = new Map(slots.flatMap((item, index) => (item.running === 'no' ? [] : [[ranks[index] ?? '', drawnOf(item)] as const])));
  const able = [...declared].filter(([name, item]) => offers(item, ranks.indexOf(name)).includes('sched')).map(([name]) => name);
  // Every other world says who is to have a service.
  const alternatives = choice % 2 === 1 && able.length > 0 ? { sched: able[choice % able.length] ?? '' } : {};
  const wanted: Desired[] = [];
  const present: Loaded[] = [];
  const holds: Hold[] = [];
  slots.forEach((item, index) => {
    const name = ranks[index] ?? '';
    if (declared.has(name)) wanted.push(desired(name, { ...terseOf(item.base, index, declared), ...item.wantedExtras, at: index + 1 }));
    if (running.has(name)) {
      const { life, ...extras } = (item.loadedExtras ?? {}) as Terse & { life?: Terse };
      present.push(loaded(name, { ...terseOf(drawnOf(item), index, running), ...extras, ...life }));
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
      alternatives,
      request: { retryFailed, override: true, maxRemovals: 100, allowEmpty: true },
    },
  };
}

/** What it requires is declared too, as the config makes sure; `after` may name anything that comes earlier. */
function terseOf(item: Draw, index: number, there: ReadonlyMap<string, Draw>): Terse {
  const earlier = item.needs.filter((need) => need.index < index);
  const nameOf = (need: { index: number }): string => ranks[need.index] ?? '';
  const used = index < providing ? [] : item.uses.filter(({ service }) => isOffered(service, there));
  const requires = [
    ...earlier.filter((need) => !need.soft && there.has(nameOf(need))).map((need) => ({ name: nameOf(need), reload: need.reload })),
    ...used.map(({ service, reload }) => ({ name: service, reload })),
  ];
  const provides = offers(item, index);
  const service = hostOf(item, index, there);
  return {
    ...item.terse,
    requires,
    after: earlier.filter((need) => need.soft).map(nameOf),
    ...(provides.length === 0 ? {} : { provides, priority: item.priority }),
    ...(service === null ? {} : { service }),
  };
}

/** Commands load nothing, so that services are those of code. */
function offers({ terse, provides }: Draw, index: number): readonly string[] {
  return index < providing && !('command' in terse) ? provides : [];
}

function isOffered(service: string, there: ReadonlyMap<string, Draw>): boolean {
  return [...there].some(([name, item]) => offers(item, ranks.indexOf(name)).includes(service));
}

function hostOf({ host, terse }: Draw, index: number, there: ReadonlyMap<string, Draw>): string | null {
  if (host === null || 'command' in terse) return null;
  if (typeof host === 'string') return index >= providing && isOffered(host, there) ? host : null;
  const other = there.get(ranks[host] ?? '');
  return host < index && other !== undefined && !('command' in other.terse) ? (ranks[host] ?? null) : null;
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
