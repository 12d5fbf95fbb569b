import type { GenerationHead, Paused } from '../model/generation.ts';
import type { Lease } from '../model/keeper.ts';
import type { Finished, Hold, LoadedRecord } from '../model/module.ts';
import type { Settings } from '../model/settings.ts';
import { type Begun, emptyState, type Move, type MutableState, type StoreState, type Trial } from './records.ts';
import { seal, unseal } from './sealed.ts';

/** Everything up to and including record `seq`; what the journal still has of that is passed over. */
export interface Snapshot {
  seq: number;
  state: MutableState;
}

interface SnapshotBody {
  formatVersion: 1;
  seq: number;
  daemonId: string;
  serial: number;
  /** Not in snapshots of versions that did not record them. */
  moves?: readonly Move[];
  generation: number;
  /** Not in snapshots of versions that did not record them here. */
  heads?: readonly GenerationHead[];
  paused?: Paused | null;
  loaded: LoadedRecord[];
  /** Not in snapshots of versions that had no oneshots. */
  finished?: (Finished & { name: string })[];
  holds: Hold[];
  /** Not in snapshots of versions that had none. */
  settings?: { name: string; settings: Settings }[];
  leases: Lease[];
  /** Not in snapshots of versions that did not record them. */
  begun?: (Begun & { done: string[] })[];
  trials?: Trial[];
}

export function encodeSnapshot(seq: number, state: StoreState): string {
  const { daemonId, serial, moves, generation, paused } = state;
  return seal({
    formatVersion: 1,
    seq,
    daemonId,
    serial,
    moves,
    generation,
    heads: [...state.heads.values()],
    paused,
    loaded: [...state.loaded.values()],
    finished: [...state.finished].map(([name, finished]) => ({ name, ...finished })),
    holds: [...state.holds.values()],
    settings: [...state.settings].map(([name, settings]) => ({ name, settings })),
    leases: [...state.leases.values()],
    begun: [...state.begun.values()].map((begun) => ({ ...begun, done: [...begun.done] })),
    trials: [...state.trials.values()],
  } satisfies SnapshotBody);
}

/** Null if the file is not whole. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot | null {
  const body = unseal(bytes) as SnapshotBody | undefined;
  if (body === undefined) return null;
  const state = emptyState();
  state.daemonId = body.daemonId;
  state.serial = body.serial;
  state.moves = body.moves ?? [];
  state.generation = body.generation;
  for (const head of body.heads ?? []) state.heads.set(head.number, head);
  state.paused = body.paused ?? null;
  for (const record of body.loaded) state.loaded.set(record.name, record);
  for (const { name, ...finished } of body.finished ?? []) state.finished.set(name, finished);
  for (const hold of body.holds) state.holds.set(hold.name, hold);
  for (const { name, settings } of body.settings ?? []) state.settings.set(name, settings);
  for (const lease of body.leases) state.leases.set(lease.id, lease);
  for (const begun of body.begun ?? []) state.begun.set(begun.id, { ...begun, done: new Set(begun.done) });
  for (const trial of body.trials ?? []) state.trials.set(trial.id, trial);
  return { seq: body.seq, state };
}
