import type { ApplyPorts } from '../apply/apply.ts';
import type { Materials } from '../apply/step.ts';
import type { ConfigSet } from '../model/config-set.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { MusterError } from '../model/error.ts';
import type { Desired, LoadedRecord } from '../model/module.ts';
import type { Log, Random } from '../model/ports.ts';
import type { Generation, StoreState } from '../store/records.ts';

/** What the config wants, with everything a plan must know of it. */
export interface Wanted {
  config: Pick<ConfigSet, 'digest' | 'files' | 'policy' | 'warnings'> & Partial<Pick<ConfigSet, 'alternatives'>>;
  desired: ReadonlyMap<string, Desired>;
}

export type WantedOutcome = { ok: true; wanted: Wanted } | { ok: false; diagnostics: readonly Diagnostic[]; files: readonly string[] };

/** A module to be loaded by hand, as its caller describes it. */
export interface ByHand {
  name: string;
  /** As it would stand in the config. */
  raw: Record<string, unknown>;
  /** Absolute folder that relative paths start from. */
  cwd: string;
}

/** Where desired sets come from. */
export interface Sources {
  /** Reads, checks and resolves the daemon's own files, or those given. Cheap when nothing changed. */
  read(files?: readonly string[]): Promise<WantedOutcome>;
  /** Checks and resolves one module by hand; throws EINVALIDCONFIG. */
  byHand(module: ByHand): Promise<Desired>;
  /** The same module with other arguments. */
  withArgs(desired: Desired, args: readonly string[]): Promise<Desired>;
  /** The module as it is recorded, with the code that its files hold now; throws what is wrong with that. */
  afresh(record: LoadedRecord): Promise<Desired>;
  /** Watches, beside the config, the files that the code of these is made of, from now on; a change is one of the files. */
  watchCode(modules: readonly LoadedRecord[]): void;
  /** What the command `load NAME` means by NAME, where it is not declared. */
  locate(target: string): Promise<{ name: string; module: string }>;
}

export interface EngineStore {
  readonly state: StoreState;
  /** Why the last write failed; null if it did not. */
  readonly failure: MusterError | null;
  append: ApplyPorts['store']['append'];
  takeRoom(bytes: number): Promise<void>;
  freeRoom(): Promise<void>;
  lookForRoom(): Promise<void>;
  saveGeneration(generation: Generation): Promise<void>;
  loadGeneration(number: number | 'last'): Promise<Generation | null>;
}

export interface EnginePorts extends Omit<ApplyPorts, 'claims' | 'store'> {
  random: Random;
  log: Log;
  store: EngineStore;
  sources: Sources;
  materials: Materials;
  /** Removes compiled code but this; what is only just made is spared. */
  pruneCode(wanted: ReadonlySet<string>): Promise<void>;
  /** A run over the whole config is over, also one without changes: what the config says of no single module holds now. */
  ran?(): void;
  /** For plans. */
  host: string;
  /** Names of set variables, for `onlyIf.env`. */
  env: ReadonlySet<string>;
  /** Parallel actions where the config leaves it to the machine. */
  defaultConcurrency: number;
}
