import type { Position } from './diagnostic.ts';
import type { Kind } from './fields/table.ts';
import type { GenerationHead } from './generation.ts';
import type { Origin, Reason, State } from './module.ts';
import type { Action } from './plan.ts';
import type { Blame } from './source.ts';

/** Who says a value: the entry itself, the defaults of its kind, the host that it stands below, or `set`. */
export type FieldOrigin = 'entry' | 'defaults' | 'host' | 'set';

/** A value of an entry, as a path of keys, and where it stands. */
export interface SaidField {
  readonly path: readonly string[];
  readonly from: FieldOrigin;
  readonly at: Position;
}

/** A field of a module that somebody says; the others are as muster has them. */
export interface ExplainedField {
  path: string;
  value: unknown;
  from: FieldOrigin;
  at: Position | null;
}

/** `explain NAME`: where a module comes from, and why it is as it is. */
export interface ExplainDoc {
  formatVersion: string;
  name: string;
  kind: Kind;
  /** Null: no config declares it. Of a repository the path is relative to that. */
  declaredAt: Position | null;
  /** The commit that the config was read from, and the one that last changed the line; null where the config is not of a repository. */
  revision: string | null;
  commit: Blame | null;
  /** Null: it is not loaded. */
  loaded: {
    state: State;
    failed: boolean;
    since: string;
    origin: Origin;
    /** In which it came to be as it is; null: by hand, or it is not kept any more. */
    generation: Pick<GenerationHead, 'number' | 'at' | 'trigger' | 'reason' | 'by' | 'revision'> | null;
  } | null;
  /** Why it is as it is, and is or is not loaded. */
  because: Reason[];
  /** What the next run would do with it; null: nothing. */
  pending: { action: Action; reason: Reason } | null;
  fields: ExplainedField[];
  requires: string[];
  requiredBy: string[];
}
