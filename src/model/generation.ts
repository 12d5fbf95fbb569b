import type { Kind } from './fields/table.ts';
import type { Action, ChangeStatus, Result, ResultOutcome, Summary } from './plan.ts';
import type { Policy } from './policy.ts';

/** What became of one change, as short as a list of generations has it. */
export interface HeadChange {
  readonly name: string;
  readonly action: Action;
  readonly status: ChangeStatus;
}

/** What a generation is known by; the rest of it stands in a file of its own. */
export interface GenerationHead {
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  readonly trigger: string;
  readonly reason: string | null;
  readonly planId: string;
  readonly configDigest: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  /** The commit of the source that the config was of; absent without one. */
  readonly revision?: string;
  /** Who asked for it, in the words of who did; absent: nobody, the daemon did it by itself. */
  readonly by?: string;
  /** The generation that it went back to; absent: it was no rollback. */
  readonly rollbackOf?: number;
  /** What the run did; absent in generations of versions that did not record it. */
  readonly run?: GenerationRun;
}

/** What became of the run that made a generation. */
export interface GenerationRun {
  readonly outcome: ResultOutcome;
  readonly exitCode: number;
  readonly durationMs: number;
  readonly summary: Summary;
  /** How many changes there were; the first of them follow. */
  readonly changed: number;
  readonly changes: readonly HeadChange[];
}

/** A generation that is kept. */
export interface KeptHead extends GenerationHead {
  /** When all that it declared was first seen to be healthy; null: it never was. */
  readonly healthyAt: string | null;
}

/** That nothing is run but what somebody asks for. */
export interface Paused {
  /** ISO 8601. */
  readonly since: string;
  /** The generation that was gone back to. */
  readonly rollbackOf: number;
  readonly reason: string | null;
  readonly by?: string;
  /** It is on its way, and a daemon that starts goes on with it; `override`: also what is held or protected. Absent: it is back. */
  readonly underWay?: { readonly override: boolean };
}

/** `history`: newest first. */
export interface HistoryDoc {
  formatVersion: string;
  /** The one in force; 0: there is none yet. */
  generation: number;
  paused: Paused | null;
  generations: KeptHead[];
}

/** `history show N`. */
export interface GenerationDoc extends KeptHead {
  formatVersion: string;
  inForce: boolean;
  policy: Policy;
  /** Service -> the module that was chosen to have it. */
  alternatives: Readonly<Record<string, string>>;
  modules: { name: string; kind: Kind; path: string; codeDigest: string | null; version?: string }[];
  /** The plan and what became of it; null where it was not recorded. */
  result: Result | null;
}
