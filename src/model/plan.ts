import type { Diagnostic, Position } from './diagnostic.ts';
import type { Kind } from './fields/table.ts';
import type { Reason } from './module.ts';

export const formatVersion = '1.0';

export const actions = ['load', 'remove', 'reload', 'reconfigure', 'rename', 'adopt'] as const;
export type Action = (typeof actions)[number];
export type IsolationOf = 'thread' | 'shared' | 'process' | null;

/** One changed field. For secrets both sides are null and `sensitive` is true. */
export interface FieldChange {
  path: string;
  /** Null: there is none; beside a null that stands there, who has none is left out. */
  before?: unknown;
  after?: unknown;
  live: boolean;
  sensitive?: boolean;
}

export interface Change {
  name: string;
  kind: Kind;
  isolation: IsolationOf;
  /** The host below which it is declared; of a host its own name. Absent: none. */
  host?: string;
  action: Action;
  reason: Reason;
  source: Position | null;
  fields: FieldChange[];
  codeDigest: string | null;
  /** Of an installed package: the version that it becomes, or that is removed. */
  version?: string;
  /** Names of changes that are done before this one. */
  after: string[];
  /** Of these the ones without which it makes no sense: it is skipped where one of them fails. Absent: none. */
  needs?: string[];
  /** With `rename`, and with a `reload` that also renames: the former name. */
  from?: string;
  /** Done from the loaded record, not from the config: the module is held, or not declared. */
  asLoaded?: true;
}

/** A module that a hold keeps as it is; `would` is what the plan would have done. */
export interface HeldEntry {
  name: string;
  kind: Kind;
  isolation: IsolationOf;
  host?: string;
  reason: string;
  until: string | null;
  would: Action | null;
}

export interface UnmanagedEntry {
  name: string;
  kind: Kind;
  isolation: IsolationOf;
  host?: string;
  reason: Reason;
}

export interface SkippedEntry {
  name: string;
  kind: Kind;
  isolation: IsolationOf;
  host?: string;
  reason: Reason;
}

export interface Guard {
  code: 'maxRemovals' | 'allowEmpty' | 'protect';
  limit: number | string | boolean;
  value: number | string[];
  ok: boolean;
}

export interface Summary {
  load: number;
  remove: number;
  reload: number;
  reconfigure: number;
  rename: number;
  adopt: number;
  unchanged: number;
  held: number;
  unmanaged: number;
}

export interface Target {
  daemonId: string;
  host: string;
  serial: number;
  generation: number;
}

export type PlanOutcome = 'noChanges' | 'changes' | 'refused' | 'error';

/** What would be done and why (CONTRACT §6). Made by `plan()` alone; text, markdown and exit code derive from it. */
export interface Plan {
  kind: 'Plan';
  formatVersion: string;
  id: string;
  createdAt: string;
  dryRun: boolean;
  /** The generation that is gone back to; absent: it is no rollback. */
  rollbackOf?: number;
  target: Target;
  /** `revision`: the commit, where it comes from a repository. */
  config: { digest: string; files: { path: string; sha256: string }[]; revision?: string };
  summary: Summary;
  changes: Change[];
  held: HeldEntry[];
  unmanaged: UnmanagedEntry[];
  skipped: SkippedEntry[];
  drift: { name: string; text: string }[];
  guards: Guard[];
  diagnostics: Diagnostic[];
  /** False if a filter left something out. */
  complete: boolean;
  applyable: boolean;
  outcome: PlanOutcome;
  exitCode: number;
  checksum: string;
}

/** A plan as it stands in a file: what was shown, and sealed for the daemon that made it all that it takes to do it. */
export interface SavedPlan extends Plan {
  saved: string;
}

export type ChangeStatus = 'ok' | 'failed' | 'reverted' | 'rolledBack' | 'skipped' | 'notRun';

export interface ChangeError {
  code: string;
  message: string;
  /** What to do about it. */
  hint?: string;
  output?: readonly string[];
}

export interface ChangeResult extends Change {
  status: ChangeStatus;
  durationMs: number;
  error: ChangeError | null;
}

export type ResultOutcome = PlanOutcome | 'applied' | 'failed';

/** What became of a plan. */
export interface Result extends Omit<Plan, 'kind' | 'changes' | 'outcome'> {
  kind: 'Result';
  planId: string;
  /** Who asked for it, in the words of who did; absent: nobody. */
  by?: string;
  startedAt: string;
  finishedAt: string;
  changes: ChangeResult[];
  outcome: ResultOutcome;
  /** With `--auto-rollback`: what it went back to, and how that went. Absent: it did not. */
  rollback?: {
    to: number;
    /** The one in force since. */
    generation: number;
    planId: string;
    outcome: ResultOutcome;
    exitCode: number;
  };
}
