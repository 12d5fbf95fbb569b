import type { DownDoc, LastExit, ModuleStats, ModuleView, Rusage, RusageOf } from './documents.ts';
import type { WireError } from './error.ts';
import type { Identity } from './keeper.ts';
import type { Figures, Took } from './metrics.ts';
import type { Desired, Finished, Loaded, LoadedRecord, Origin, State } from './module.ts';
import type { PackageProgram } from './package.ts';
import type { PackageWire, TriggerOptions } from './wire.ts';

/** What a start needs beyond the record: values of secrets, the full environment, the file of the compiled code. */
export interface Material {
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly codeFile: string | null;
  /** As whom a process runs; absent: as the daemon. */
  readonly identity?: Identity;
  /** Of a package: what it runs. */
  readonly program?: PackageProgram;
}

/** A module to be loaded or to become. */
export interface Target {
  readonly desired: Desired;
  readonly origin: Origin;
  readonly generation: number;
  readonly material: Material;
}

export type InstanceEvent =
  | { type: 'state'; name: string; from: State | null; to: State | null; failed: boolean; reason: string; lastExit: LastExit | null }
  | { type: 'restart'; name: string; delayMs: number; attempt: number }
  | { type: 'gaveUp'; name: string; reason: string }
  | { type: 'health'; name: string; healthy: boolean; reason: string }
  | { type: 'status'; name: string; level: string; message: string };

/**
 * The loaded set: one state machine per module. All changes of it come from `apply`, one at a time per name; who calls
 * has claimed the name. Every call is safe after a failed start and idempotent where that makes sense.
 */
export interface Instances {
  /** A frozen copy for the planner. */
  snapshot(): ReadonlyMap<string, Loaded>;
  get(name: string): Loaded | undefined;
  view(name: string): ModuleView | undefined;
  views(): ModuleView[];
  /** What is known of how a module is; of one without a health test that it runs. */
  wellness(name: string): Wellness;
  /** The last lines of output of an instance. */
  output(name: string): string[];
  /** Brings what views show of running instances (idle, queue), and on demand their figures, up to date; never rejects and never takes long. */
  refresh(options?: { figures?: boolean }): Promise<void>;
  /** What is counted of an instance, as of the last `refresh({figures: true})`; empty where nothing of it runs. */
  figures(name: string): Figures;
  /** How long starts and reloads took so far. */
  durations(): { readonly starts: readonly Took[]; readonly reloads: readonly Took[] };
  /** Folder of the cgroup that it has for itself; null: none. ENOENT where it is not loaded, ENOSYS where nothing of it runs. */
  cgroup(name: string): string | null;
  /** Counters of a module and what it adds. ENOENT where it is not loaded, ENOSYS where nothing of it runs. */
  stats(name: string): Promise<ModuleStats>;
  clearStats(name: string): Promise<void>;
  rusage(name: string, who: RusageOf): Promise<Rusage>;
  /** What a package has said over its channel; null: it has none, or nothing of it runs. */
  wire(name: string): PackageWire | null;
  /** Calls an action of a package. ENOENT where it, or the action, is not there, ENOSYS where it takes none. */
  trigger(name: string, action: string, param: unknown, options: TriggerOptions): Promise<unknown>;
  /** Puts a recorded module back without starting it (after a restart of the daemon): state E, `started` only if it has finished. */
  restore(record: LoadedRecord, finished?: Finished): void;
  /**
   * Starts it; resolves when R, a oneshot when it has finished. On failure it rejects with the module's error: origin `config`: it stays listed as E
   * with `failed`; else nothing of it is left. A name that is listed but has nothing running is started anew.
   */
  load(target: Target): Promise<void>;
  /** What is listed and has nothing running could not be started, for this reason: E with `failed`. */
  unstartable(name: string, reason: string): void;
  /** Stops it and forgets it; resolves when all of it is gone. Cancels a start or a pending restart. */
  remove(name: string, options?: { cancel?: boolean }): Promise<void>;
  /**
   * Puts a new instance in the place of the old one, which first saves what the new one is to have. Strategy `replace`
   * stops the old one first, and requests wait meanwhile; `overlap` stops it once the new one runs. If the new one
   * fails, the old one runs on or is started again as it was, with what was saved, and the outcome is `reverted`; if even
   * that fails it is listed as E with `failed` and the outcome is `failed`. Where saving fails nothing is stopped and
   * the outcome is `reverted`, unless `force`.
   */
  replace(name: string, target: Target, options?: { force?: boolean }): Promise<ReplaceOutcome>;
  /**
   * Delivers live fields and a new `config` to the running instance; rejects and changes nothing if it throws. With
   * `reread` its `reloadSignal` is sent, where it runs: its files are to be read again.
   */
  reconfigure(name: string, target: Target, options?: { reread?: boolean }): Promise<void>;
  /** Keeps the instance under a new name. Only the name, the record and live fields change. */
  rename(from: string, target: Target): void;
  /** Changes the bookkeeping only: origin, generation, source, the place of unchanged fields. */
  adopt(name: string, target: Target): void;
  /** Stops it, keeps it listed (E, not failed) and does not restart it until `load` is called again (command `stop`). */
  halt(name: string, options?: { cancel?: boolean }): Promise<void>;
  /** To the program itself, not to what it has started. */
  signal(name: string, signal: string): void;
  /**
   * Stops every instance, those that need others first; resolves when all are gone. `now()` skips the waits. With `keep` those are
   * left to the next daemon that can be.
   */
  stopAll(order: readonly string[], options?: { keep?: boolean }): { done: Promise<DownDoc>; now(): void };
  on(listener: (event: InstanceEvent) => void): () => void;
}

/** `untested`: it runs, and its health test has not been passed since. */
export type Wellness = 'well' | 'untested' | 'unwell' | 'down';

export type ReplaceOutcome = { status: 'ok' } | { status: 'reverted'; error: WireError } | { status: 'failed'; error: WireError };
