import type { Dismissed } from './context.ts';
import type { Containment, ModuleStats, Rusage, RusageOf, StatusLevel } from './documents.ts';
import type { Kind, Spec } from './fields/table.ts';
import type { Identity } from './keeper.ts';
import type { Figures } from './metrics.ts';
import type { PackageProgram } from './package.ts';
import type { PackageWire, TriggerOptions } from './wire.ts';

/** Everything a start needs, secrets filled in. Never logged, never stored. */
export interface Launch {
  readonly name: string;
  /** Identifies this one start for ever: in the journal before it happens and in the environment of what it starts. */
  readonly lease: string;
  readonly kind: Kind;
  readonly spec: Spec;
  /** The entry file (code), for messages. */
  readonly path: string;
  /** The compiled code, with its source map beside it as `.map`; null for commands. */
  readonly codeFile: string | null;
  /** `Desired.codeDigest` */
  readonly codeDigest?: string | null;
  readonly args: readonly string[];
  /** The complete environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** What the last instance saved (`Launched.save`); null: nothing. */
  readonly restored: Uint8Array | null;
  /** It comes back by itself: after its end, or with its service or runner. */
  readonly again?: true;
  /** As whom a process runs; absent: as the daemon. */
  readonly identity?: Identity;
  /** Of a package: what it runs. */
  readonly program?: PackageProgram;
  /** Path of the socket at which its messages are heard; absent: it has no channel. */
  readonly channel?: string;
}

/** How an instance ended, once everything of it is gone. */
export interface Ended {
  /** Exit code of a process; null for a thread or after a signal. */
  code: number | null;
  /** Signal name, real-time signals as `SIGRTMIN+n`. */
  signal: string | null;
  /** An uncaught error, with its stack mapped to the sources. */
  error: { message: string; stack?: string } | null;
  /** Whose doing it was, where not its own: another module's with which it went down, or perhaps, where nobody can tell. */
  fault?: Fault;
  /** In words: `exited with code 3`, `killed by SIGSEGV`, `main returned`, `threw: …`. */
  reason: string;
}

export type Fault = 'another' | 'unknown';

export interface LaunchHooks {
  /** The module set its own status; with `override` also over an error. */
  status(level: StatusLevel, message: string, override?: boolean): void;
  /** It finalizes by its own will: main returned. */
  finalizing(): void;
  /** Before its launch it waits for this, in words, which may take its time; null: no longer. */
  waiting(what: string | null): void;
  /** What bounds a start counts from now, and not from when it was begun with. */
  launched(): void;
  /** While it runs: why it is not well, told as often as that is found; null: it is well again. */
  health(failure: string | null): void;
  /** It needs so much longer to start, or to stop: ms from now. */
  extend(ms: number): void;
}

/** One started instance. Its owner (the `instances` room) keeps the timers; it only does what it is told. */
export interface Launched {
  /** Resolves when the module runs, a oneshot once it has ended with success. Rejects with a MusterError if it ended or could not be started. */
  readonly ready: Promise<void>;
  /** Resolves, and never rejects, once all of it is gone; also after a failed start. */
  readonly ended: Promise<Ended>;
  pid(): number | null;
  threadId(): number | null;
  containment(): Containment | null;
  /** Folder of the cgroup that it has for itself; null or absent: none. */
  cgroup?(): string | null;
  /** When it was launched, ms since the epoch, where the driver knows better: perhaps for an earlier daemon. */
  startedAt?(): number | null;
  /** What has to come about before it is ready, and why it has not, in words; null where it alone can say. */
  awaited?(): string | null;
  /** Whether its health test has found it well since it runs; absent: it has none. */
  isProven?(): boolean;
  /** Whether it handles a live `reconfigure`. */
  reconfigurable(): boolean;
  /**
   * What the module wants its next instance to have, serialized; null: it says nothing. Before that it finishes the requests it
   * has begun. Rejects if the module throws or it is too much; then, and after `resume`, it serves on.
   */
  save(): Promise<Uint8Array | null>;
  /** It is not stopped after all: it takes requests again. */
  resume(): void;
  /**
   * Asks it to stop: shutdown message or stop signal. Idempotent. With `replaced` another instance has taken its place:
   * requests that still come to it go on to that one. `why` is for the service that has loaded it.
   */
  stop(options?: { replaced?: boolean; why?: Dismissal }): void;
  /**
   * Leaves it to the next daemon, running as it is; resolves when nothing of it is needed here any more, and nothing is told of it
   * after that, not even its end. Null or absent: it cannot be left, because it is not ready, is on its way out, or is no process of its own.
   */
  leave?(): Promise<void> | null;
  /**
   * Hands it over to the next daemon, running as it is: what `Driver.inherit` there is to be given, and when nothing of it is needed here
   * any more. Nothing is told of it after the call. Absent: it cannot be handed over.
   */
  handOver?(): { readonly data: unknown; readonly left: Promise<void> };
  /** Ends it by force, with all that belongs to it. Idempotent. */
  kill(): void;
  /** Delivers a new config; rejects if the module throws, and then the old one stays. */
  reconfigure(config: Readonly<Record<string, unknown>>): Promise<void>;
  /** Puts live fields of a new spec into effect that the driver applies (log settings, limits); where it rejects nothing has changed. */
  update(spec: Spec): void | Promise<void>;
  /** Known under a new name from now on. */
  rename(name: string): void;
  /** Sends an OS signal to the program itself; throws a MusterError, ENOENT where there is no process. */
  signal(signal: string): void;
  /** When it last sent a request or response (a command: output), ms since the epoch; as of the last `Driver.refresh`. */
  activeAt(): number;
  /** Requests that it has not begun with, as of the last `Driver.refresh`. */
  queued(): number;
  /** What is counted of it, as of the last `Driver.refresh({figures: true})`; absent: nothing. */
  figures?(): Figures;
  /** Counters, use of resources and what the module adds; answered, with what can be had, also while it hangs. */
  stats(): Promise<ModuleStats>;
  clearStats(): Promise<void>;
  rusage(who: RusageOf): Promise<Rusage>;
  /** Of a package: what it has said over its channel. */
  wire?(): PackageWire;
  /** Calls an action that it has registered: resolves with its return. */
  trigger?(action: string, param: unknown, options: TriggerOptions): Promise<unknown>;
  /** The last lines of output, at most 20. */
  output(): string[];
}

/** Starts instances of one kind. Never throws; a failed start shows in `ready` and `ended`. */
/** Whether it is gone for good, makes room for another start of it, or stays down until it is started again. */
export type Dismissal = NonNullable<Dismissed['why']>;

export interface Driver {
  start(launch: Launch, hooks: LaunchHooks): Launched;
  /** Goes on with what another daemon has started by that launch, and handed over while it ran. */
  inherit?(launch: Launch, data: unknown, hooks: LaunchHooks): Launched;
  /** It is loaded no more, and had ended before. */
  forget?(name: string, spec: Spec): void;
  /** Brings what views show of the instances (idle, queue), and on demand their figures, up to date; never rejects and never takes long. */
  refresh?(options?: { figures?: boolean }): Promise<void>;
}
