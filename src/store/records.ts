import type { GenerationHead, Paused } from '../model/generation.ts';
import type { Lease } from '../model/keeper.ts';
import type { Finished, Hold, LoadedRecord } from '../model/module.ts';
import type { Result, ResultOutcome } from '../model/plan.ts';
import type { Policy } from '../model/policy.ts';
import type { Settings } from '../model/settings.ts';

/** What was loaded, and by which policy, once a run had changed the loaded set. */
export interface Generation extends GenerationHead {
  readonly modules: readonly LoadedRecord[];
  readonly policy: Policy;
  /** Service -> the module that was chosen to have it; absent where none was. */
  readonly alternatives?: Readonly<Record<string, string>>;
  /** The plan and what became of it; absent in generations of versions that did not record it. */
  readonly result?: Result;
}

/** Who moved the serial to what it is, or was. */
export interface Move {
  readonly serial: number;
  /** ISO 8601. */
  readonly at: string;
  readonly trigger: string;
  readonly reason: string | null;
  /** In the words of who asked; absent: nobody did. */
  readonly by?: string;
  /** In words, e.g. `load web`; of many the first. */
  readonly changes: readonly string[];
  /** What became of what moved it; null: the daemon died in the middle. Absent in those of versions that did not record it. */
  readonly result?: { readonly outcome: ResultOutcome; readonly exitCode: number } | null;
}

/** A change of the loaded set that is under way, and who asked for it. */
export interface Begun extends Pick<Move, 'at' | 'trigger' | 'reason' | 'by'> {
  /** Of its plan. */
  readonly id: string;
  /** By name what is to be done. */
  readonly planned: Readonly<Record<string, string>>;
  /** Digest of the config that it makes a generation of; absent: it makes none of a config. */
  readonly config?: string;
}

/** What of it the journal has as done: should the daemon die in the middle, the next one knows whose that was. */
export interface UnderWay extends Begun {
  readonly done: ReadonlySet<string>;
}

/** A run that is gone back from unless what it touched gets healthy in time, also by a daemon that comes after one that died. */
export interface Trial extends Pick<Move, 'reason' | 'by'> {
  /** Of its plan. */
  readonly id: string;
  /** The generation to go back to. */
  readonly to: number;
  /** Digest of the config that it applies. */
  readonly config: string;
  /** What it touches and does not remove. */
  readonly names: readonly string[];
  /** ms that they have from when it is done. */
  readonly timeout: number;
  /** ms since 1970 at which that is over; null: it is not done. */
  readonly until: number | null;
}

/** So many moves, and generations, are remembered. */
const mostMoves = 20;
export const mostGenerations = 20;

/** One line of the journal. Folding a record twice gives what folding it once gives. */
export type JournalRecord =
  | { type: 'daemon'; daemonId: string }
  | { type: 'loaded'; record: LoadedRecord }
  | { type: 'removed'; name: string }
  | { type: 'renamed'; from: string; record: LoadedRecord }
  /** A oneshot as it is loaded has done its work; null: it is to run again. */
  | { type: 'finished'; name: string; finished: Finished | null }
  /** Without `moved` the serial is what it was; `ended` is what moved it, if that was begun. */
  | { type: 'serial'; serial: number; moved?: Move; ended?: string }
  | { type: 'begun'; begun: Begun }
  /** Without having moved the serial. */
  | { type: 'ended'; id: string }
  | { type: 'trial'; trial: Trial }
  /** It is decided. */
  | { type: 'trialEnded'; id: string }
  /** One that was a rollback pauses automatic runs. */
  | { type: 'generation'; generation: GenerationHead }
  /** Null: they go on. */
  | { type: 'paused'; paused: Paused | null }
  | { type: 'hold'; hold: Hold }
  | { type: 'released'; name: string }
  /** All that is set by hand of the config of a module, loaded or not; null: nothing any more. */
  | { type: 'settings'; name: string; settings: Settings | null }
  | { type: 'lease'; lease: Lease }
  | { type: 'leaseEnded'; id: string };

/** All records folded: what a restarted daemon knows. */
export interface StoreState {
  readonly daemonId: string;
  readonly serial: number;
  /** The last moves of the serial, oldest first. */
  readonly moves: readonly Move[];
  /** Number of the generation in force; 0 before the first. */
  readonly generation: number;
  /** What the last generations are known by, by number; those of versions that did not record them here stand in their files alone. */
  readonly heads: ReadonlyMap<number, GenerationHead>;
  /** Automatic runs wait until somebody asks for one; null: they do not. */
  readonly paused: Paused | null;
  readonly loaded: ReadonlyMap<string, LoadedRecord>;
  readonly finished: ReadonlyMap<string, Finished>;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly settings: ReadonlyMap<string, Settings>;
  readonly leases: ReadonlyMap<string, Lease>;
  readonly begun: ReadonlyMap<string, UnderWay>;
  readonly trials: ReadonlyMap<string, Trial>;
}

/** The state as the store alone may change it. */
export interface MutableState extends StoreState {
  daemonId: string;
  serial: number;
  moves: readonly Move[];
  generation: number;
  readonly heads: Map<number, GenerationHead>;
  paused: Paused | null;
  readonly loaded: Map<string, LoadedRecord>;
  readonly finished: Map<string, Finished>;
  readonly holds: Map<string, Hold>;
  readonly settings: Map<string, Settings>;
  readonly leases: Map<string, Lease>;
  readonly begun: Map<string, UnderWay & { readonly done: Set<string> }>;
  readonly trials: Map<string, Trial>;
}

export function emptyState(): MutableState {
  return {
    ...{ daemonId: '', serial: 0, moves: [], generation: 0, heads: new Map(), paused: null },
    ...{
      loaded: new Map(),
      finished: new Map(),
      holds: new Map(),
      settings: new Map(),
      leases: new Map(),
      begun: new Map(),
      trials: new Map(),
    },
  };
}

/** Brings the state forward by one record, in place. Records of a kind it does not know change nothing. */
export function fold(state: MutableState, record: JournalRecord): MutableState {
  switch (record.type) {
    case 'daemon':
      state.daemonId = record.daemonId;
      break;
    case 'loaded':
      state.loaded.set(record.record.name, record.record);
      foldDone(state, record.record.name);
      break;
    case 'removed':
      state.loaded.delete(record.name);
      state.finished.delete(record.name);
      foldDone(state, record.name);
      break;
    case 'renamed':
      state.loaded.delete(record.from);
      state.loaded.set(record.record.name, record.record);
      foldDone(state, record.record.name);
      break;
    case 'finished':
      if (record.finished === null) state.finished.delete(record.name);
      else state.finished.set(record.name, record.finished);
      break;
    case 'serial':
      state.serial = record.serial;
      if (record.moved !== undefined) state.moves = moved(state.moves, record.moved);
      if (record.ended !== undefined) state.begun.delete(record.ended);
      break;
    case 'begun':
      state.begun.set(record.begun.id, { ...record.begun, done: new Set() });
      break;
    case 'ended':
      state.begun.delete(record.id);
      break;
    case 'trial':
      state.trials.set(record.trial.id, record.trial);
      break;
    case 'trialEnded':
      state.trials.delete(record.id);
      break;
    case 'generation':
      foldGeneration(state, record.generation);
      break;
    case 'paused':
      state.paused = record.paused;
      break;
    case 'hold':
      state.holds.set(record.hold.name, record.hold);
      break;
    case 'released':
      state.holds.delete(record.name);
      break;
    case 'settings':
      if (record.settings === null) state.settings.delete(record.name);
      else state.settings.set(record.name, record.settings);
      break;
    case 'lease':
      state.leases.set(record.lease.id, record.lease);
      break;
    case 'leaseEnded':
      state.leases.delete(record.id);
      break;
    default:
      record satisfies never;
  }
  return state;
}

function foldDone(state: MutableState, name: string): void {
  for (const { planned, done } of state.begun.values()) if (Object.hasOwn(planned, name)) done.add(name);
}

function foldGeneration(state: MutableState, head: GenerationHead): void {
  state.generation = head.number;
  state.heads.set(head.number, head);
  // What comes after it was of a journal that is lost.
  for (const number of state.heads.keys()) {
    if (number > head.number || number <= head.number - mostGenerations) state.heads.delete(number);
  }
  state.paused = pausedBy(head) ?? state.paused;
}

/** A rollback and that automatic runs wait after it are one record, so that no crash parts them. */
export function pausedBy({ at, rollbackOf, reason, by }: GenerationHead): Paused | null {
  return rollbackOf === undefined ? null : { since: at, rollbackOf, reason, ...(by === undefined ? {} : { by }) };
}

/** A move that is folded again takes the place of itself. */
function moved(moves: readonly Move[], move: Move): readonly Move[] {
  return [...moves.filter(({ serial }) => serial !== move.serial), move].slice(-mostMoves);
}
