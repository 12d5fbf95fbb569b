import type { Position } from './diagnostic.ts';
import type { Kind, Spec } from './fields/table.ts';

/**
 * One module as the config declares it: checked and canonical, nothing of the world asked yet.
 * Frozen, and the same object for as long as its text means the same, so that work on it can be cached by identity.
 */
export interface Entry {
  readonly name: string;
  readonly kind: Kind;
  readonly spec: Spec;
  /** SHA-256 (hex) of the canonical JSON of the spec without its ignored fields. Secrets count by their reference only. */
  readonly digest: string;
  /** Where secrets stand in the spec, as paths of keys. */
  readonly secrets: readonly (readonly string[])[];
}

/** An entry with its place; only the place moves when lines are inserted above it. */
export interface Declared {
  readonly entry: Entry;
  readonly source: Position;
}

/** One module as it should be, with everything a plan must know of it (DESIGN §1, `resolve`). Frozen data. */
export interface Desired {
  readonly name: string;
  readonly kind: Kind;
  /** Secrets carry their fingerprint, never their value. */
  readonly spec: Spec;
  /** SHA-256 over spec with fingerprints. Equal exactly where nothing needs to be done, code aside. */
  readonly specDigest: string;
  /** Digest of code, its local imports and `files`; null if there is neither. */
  readonly codeDigest: string | null;
  /** Absolute path of the entry file, `builtin:NAME`, or the command's argv[0]. */
  readonly path: string;
  /** Of a package, as its package.json says. */
  readonly version?: string;
  readonly source: Position | null;
  /** What its user should know before it is changed to this. */
  readonly notes?: readonly Note[];
  /** Why it is not to be loaded although it is declared; `disabled` and `onlyIf` are decided by the planner itself. */
  readonly skip?: Reason;
  /** Why it cannot be loaded, found before anything is touched: a missing file, code that does not compile. */
  readonly problem?: { code: string; message: string; hint?: string };
}

export interface Reason {
  code: string;
  text: string;
}

export interface Note extends Reason {
  /** Told also where nothing is changed. */
  readonly always?: true;
}

/** Who wants a loaded module. */
export type Origin = 'config' | 'manual' | 'service';

/** What is recorded of a loaded module: enough to start it again after a crash, and to compare it. */
export interface LoadedRecord {
  readonly name: string;
  readonly kind: Kind;
  readonly spec: Spec;
  readonly specDigest: string;
  readonly codeDigest: string | null;
  readonly path: string;
  /** Of a package, as its package.json says. */
  readonly version?: string;
  readonly source: Position | null;
  readonly origin: Origin;
  /** The generation in which it came to be as it is; 0 by hand. */
  readonly generation: number;
}

/** That a oneshot has done its work, as it is loaded. Kept until it is to run again. */
export interface Finished {
  /** ms since the epoch. */
  readonly at: number;
  /** In words, e.g. `finished after 3s`. */
  readonly why: string;
}

/** A loaded module as the planner sees it. */
export interface Loaded extends LoadedRecord {
  readonly state: State;
  readonly failed: boolean;
  /** Whether the running instance handles a live `reconfigure`. */
  readonly reconfigurable: boolean;
  /** False after a restart of the daemon, until it has been started; what has finished before needs no start. */
  readonly started: boolean;
  /** A oneshot that has finished (state E); absent: none, or not yet. */
  readonly finished?: Finished;
}

/** I initializing, R running, F finalizing, E exited, B backing off (CONTRACT §3). */
export type State = 'I' | 'R' | 'F' | 'E' | 'B';
export const states: readonly State[] = ['I', 'R', 'F', 'E', 'B'];

/** Keeps a module as it is. */
export interface Hold {
  /** `*` holds everything. */
  readonly name: string;
  readonly reason: string;
  readonly since: number;
  /** ms since the epoch; null = until released. */
  readonly until: number | null;
  /** True if the module was stopped with it and stays so. */
  readonly stopped?: boolean;
}
