import type { ApplyPorts } from '../apply/apply.ts';
import type { Materials } from '../apply/step.ts';
import type { Audit } from '../model/audit.ts';
import type { ConfigSet, FileText } from '../model/config-set.ts';
import type { Diagnostic, Position } from '../model/diagnostic.ts';
import type { MusterError } from '../model/error.ts';
import type { SaidField } from '../model/explain.ts';
import type { KeptHead } from '../model/generation.ts';
import type { Desired, LoadedRecord } from '../model/module.ts';
import type { Happening } from '../model/notify.ts';
import type { NewerVersions, Staging } from '../model/package.ts';
import type { Log, Random } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import type { Blame, SourceDoc } from '../model/source.ts';
import type { Generation, JournalRecord, StoreState } from '../store/records.ts';

/** What the config wants, with everything a plan must know of it. */
export interface Wanted {
  config: Pick<ConfigSet, 'digest' | 'files' | 'policy' | 'warnings'> &
    Partial<Pick<ConfigSet, 'alternatives' | 'source' | 'revision' | 'notify'>>;
  desired: ReadonlyMap<string, Desired>;
}

export type WantedOutcome =
  | { ok: true; wanted: Wanted }
  | {
      ok: false;
      diagnostics: readonly Diagnostic[];
      files: readonly string[];
      /** The commit that does not hold, where the config comes from a repository. */
      revision?: string | null;
    };

/** A module to be loaded by hand, as its caller describes it. */
export interface ByHand {
  name: string;
  /** As it would stand in the config. */
  raw: Record<string, unknown>;
  /** Absolute folder that relative paths start from. */
  cwd: string;
}

/** A config as it was read once, whatever stands in its files by now. */
export interface CarriedConfig {
  /** Those that were named; the others are included by them. */
  readonly files: readonly string[];
  readonly texts: readonly FileText[];
  /** The commit that those of a repository are from. */
  readonly revision?: string | null | undefined;
}

/** Hides and signs what only this state dir is to read again. */
export interface PlanSeal {
  /** `about` is not hidden, but `open` wants the same again. */
  seal(text: string, about: string): string;
  /** Null if it is not what was sealed, or not about this. */
  open(sealed: string, about: string): string | null;
}

/** Code that must stay: compiled, by its digests, and packages, by paths in them. Those of `done` need not, however new they are. */
export interface WantedCode {
  readonly digests: ReadonlySet<string>;
  readonly paths: ReadonlySet<string>;
  readonly done: ReadonlySet<string>;
}

/** An entry that was written into the config file, with its lock. */
export interface SavedEntry {
  /** Puts both back as they were, if nobody has changed them since. */
  undo(): Promise<void>;
  /** It runs: a daemon that is killed from now on finds it as it is. */
  keep(): Promise<void>;
}

/** Edits of the daemon's own files that nobody has asked for yet: taken as they are, or left out. */
export type Edits = 'taken' | 'left';

/** The name of the module that a package gives, and where it lies if it was installed for that. */
export interface NamedPackage {
  readonly name: string;
  readonly path: string | null;
}

/** Where desired sets come from. */
export interface Sources {
  /** The daemon's own files, absolute, without what they include. */
  readonly files: readonly string[];
  /**
   * Reads, checks and resolves the daemon's own files, or those given. Cheap when nothing changed. With `staging` packages are
   * installed that are not, into places that nothing points to yet.
   */
  read(files?: readonly string[] | CarriedConfig, staging?: Staging, edits?: Edits): Promise<WantedOutcome>;
  /** Where the config comes from a repository: how it is with that. */
  source(): SourceDoc | null;
  /** Whether a file is one of that repository: it changes with its commits alone. */
  isOfSource(path: string): boolean;
  /**
   * Looks there for something newer than the commit that what runs came from, within the time that the config gives it. Resolves
   * with whether other files are used than before. What is wrong there is said by `source` and, as a warning, by `read`. With
   * `edits` taken the repository is from now on the one that the daemon's own files name now.
   */
  sync(applied: string | null, signal: AbortSignal, edits: Edits): Promise<boolean>;
  /** Back to the files of a commit; false where they are not there any more, or there is no source. */
  restoreRevision(revision: string): Promise<boolean>;
  /** What the daemon's own config says of an entry, and where; empty where it says nothing, or does not hold. */
  said(name: string): Promise<readonly SaidField[]>;
  /** The commit that last changed a line of a file as `Desired.source` names it; null where that cannot be told. */
  blame(at: Position): Promise<Blame | null>;
  /** Checks and resolves one module by hand; throws EINVALIDCONFIG. */
  byHand(module: ByHand): Promise<Desired>;
  /** The modules of a package by hand: one for each program that it has. `frozen`: as the lock beside the config has it. */
  packageByHand(module: ByHand, how: { frozen: boolean; staging: Staging | null }): Promise<readonly Desired[]>;
  /** The name of the module that a package gives; with `staging` it is installed where that alone can tell. */
  packageName(spec: string, how: { allowScripts: boolean; staging: Staging | null }): Promise<NamedPackage>;
  /** Writes a package into the config file, beside what stands there, and what it was resolved to into `muster.lock`. */
  savePackage(module: string, entry: Readonly<Record<string, unknown>>): Promise<SavedEntry>;
  /** Declared packages, but for those that run where they are, that are not in `muster.lock`. */
  unlockedPackages(): Promise<readonly string[]>;
  /** Writes all declared packages that are installed into `muster.lock`; those that are there as declared stay as they are. */
  lockPackages(): Promise<void>;
  /** What is newer than a loaded package; null where that cannot be told. */
  newer(record: LoadedRecord): Promise<NewerVersions | null>;
  /** The same module with other arguments. */
  withArgs(desired: Desired, args: readonly string[]): Promise<Desired>;
  /** The same module with these settings over its config; null: none. */
  withSettings(desired: Desired, settings: Settings | null): Promise<Desired>;
  /** A value that is to be set, as it may be kept: secrets sealed. Throws EINVAL for what cannot be. */
  sealed(path: readonly string[], value: unknown): unknown;
  /** The config that a package brings along; empty where it has none, or nothing can be read any more. */
  defaults(record: LoadedRecord): Promise<Readonly<Record<string, unknown>>>;
  /** The module as it is recorded, with the code that its files hold now; throws what is wrong with that. */
  afresh(record: LoadedRecord): Promise<Desired>;
  /**
   * A module of an old generation as it was: its code by digest, its package by where it lies, its secrets as far as their values are
   * known; where they are not, as they are now, which is noted. What is gone is its `problem`.
   */
  recall(record: LoadedRecord): Promise<Desired>;
  /** Watches, beside the config, the files that the code of these is made of, from now on; a change is one of the files. */
  watchCode(modules: readonly LoadedRecord[]): void;
  /** Whether the config, as it was read last, has secrets that a program gives: nothing tells that they have changed. */
  hasPrograms?(): boolean;
  /** What the command `load NAME` means by NAME, where it is not declared. */
  locate(target: string): Promise<{ name: string; module: string }>;
}

export interface EngineStore {
  readonly state: StoreState;
  /** Why the last write failed; null if it did not. */
  readonly failure: MusterError | null;
  append: ApplyPorts['store']['append'];
  appendLater(...records: JournalRecord[]): void;
  retryLost(): void;
  takeRoom(bytes: number): Promise<void>;
  freeRoom(): Promise<void>;
  lookForRoom(): Promise<void>;
  saveGeneration(generation: Generation): Promise<void>;
  loadGeneration(number: number | 'last'): Promise<Generation | null>;
  markHealthy(number: number, at: string): Promise<void>;
  /** Numbers of the generations that are kept, ascending. */
  generations(): Promise<number[]>;
  heads(): Promise<KeptHead[]>;
}

export interface EnginePorts extends Omit<ApplyPorts, 'claims' | 'becoming' | 'store'> {
  random: Random;
  log: Log;
  store: EngineStore;
  sources: Sources;
  materials: Materials;
  planSeal: PlanSeal;
  /** The same data without values of secrets, for what is shown. */
  masked(data: unknown): unknown;
  /** Removes compiled code and installed packages but those of these digests and paths; what is only just made is spared. */
  pruneCode(wanted: WantedCode): Promise<void>;
  /** Removes what modules of these names have kept for themselves in the state dir. */
  purgeFiles?(names: readonly string[]): Promise<void>;
  /** Whether any package is installed that somebody may have let go of. */
  hasInstalls?(): boolean;
  /** Who asked for what, and what became of it. */
  audit?: Audit;
  /** What happens, for those who want to be told. */
  tell?(happening: Happening): void;
  /** A run over the whole config is over, also one without changes: what the config says of no single module holds now. */
  ran?(): void;
  /** For plans. */
  host: string;
  /** Names of set variables, for `onlyIf.env`. */
  env: ReadonlySet<string>;
  /** Parallel actions where the config leaves it to the machine. */
  defaultConcurrency: number;
}
