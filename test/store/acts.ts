import fc from 'fast-check';
import { emptyState, fold, type JournalRecord, type StoreState } from '../../src/store/records.ts';
import { loadedRecord } from './sample.ts';

const names = fc.constantFrom('a', 'b', 'c', 'ü.x');

/** Any record but generations. */
export const records: fc.Arbitrary<JournalRecord> = fc.oneof(
  names.map((name): JournalRecord => ({ type: 'removed', name })),
  fc.tuple(names, fc.nat(99)).map(([name, n]): JournalRecord => ({ type: 'loaded', record: loadedRecord(name, { generation: n }) })),
  fc.tuple(names, names).map(([from, to]): JournalRecord => ({ type: 'renamed', from, record: loadedRecord(to) })),
  fc.tuple(names, fc.option(fc.nat(99))).map(
    ([name, at]): JournalRecord => ({
      type: 'finished',
      name,
      finished: at === null ? null : { at, why: 'finished' },
    }),
  ),
  fc.nat(1000).map((serial): JournalRecord => ({ type: 'serial', serial })),
  names.map(
    (id): JournalRecord => ({
      type: 'begun',
      begun: { id, at: 'now', trigger: 'load', reason: null, planned: { a: 'load', b: 'remove' } },
    }),
  ),
  names.map((id): JournalRecord => ({ type: 'ended', id })),
  fc.tuple(fc.nat(30), names).map(
    ([serial, name]): JournalRecord => ({
      type: 'serial',
      serial,
      moved: { serial, at: 'now', trigger: 'load', reason: null, changes: [`load ${name}`] },
      ended: name,
    }),
  ),
  names.map((name): JournalRecord => ({ type: 'hold', hold: { name, reason: 'because', since: 1, until: null } })),
  names.map((name): JournalRecord => ({ type: 'released', name })),
  fc
    .tuple(names, fc.option(fc.nat(99)))
    .map(([name, a]): JournalRecord => ({ type: 'settings', name, settings: a === null ? null : { a, inner: { a } } })),
  fc.option(fc.nat(9)).map(
    (rollbackOf): JournalRecord => ({
      type: 'paused',
      paused: rollbackOf === null ? null : { since: 'now', rollbackOf, reason: null },
    }),
  ),
  names.map((id): JournalRecord => ({ type: 'lease', lease: { id, name: id, pid: null, startTime: null, bootId: null } })),
);

/** Enough records to make the store compact. */
export const flood: JournalRecord[] = Array.from({ length: 2100 }, (_, serial): JournalRecord => ({ type: 'serial', serial }));

/** The state that records add up to. */
export function folded(all: readonly JournalRecord[], daemonId: string): StoreState {
  const state = emptyState();
  state.daemonId = daemonId;
  for (const record of all) fold(state, record);
  return state;
}

/** Equal text exactly where two states mean the same. */
export function comparable(state: StoreState): string {
  const { daemonId, serial, moves, generation, heads, paused, loaded, finished, holds, settings, leases } = state;
  const maps = [loaded, finished, holds, settings, leases].map((map) => [...map].sort(byKey));
  return JSON.stringify([daemonId, serial, moves, generation, [...heads], paused, ...maps]);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
