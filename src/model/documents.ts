import type { Position } from './diagnostic.ts';
import type { Kind, Spec } from './fields/table.ts';
import type { LogLevel } from './log-level.ts';
import type { Origin, State } from './module.ts';
import type { IsolationOf } from './plan.ts';
import type { HoldDoc } from './status-doc.ts';
import type { PackageWire } from './wire.ts';

export const statusLevels = ['core', 'info', 'warn', 'error'] as const;
/** Level of a module's own status, most normal first. */
export type StatusLevel = (typeof statusLevels)[number];

export type Containment = 'cgroup' | 'pidNamespace' | 'processGroup';

/** How an instance ended. */
export interface LastExit {
  at: string;
  code: number | null;
  signal: string | null;
  /** In words, e.g. `exited with code 3`, `killed by SIGSEGV`. */
  reason: string;
  error: string | null;
}

/** One row of `list --json` (CONTRACT §6). Times are ISO 8601, ages in whole seconds. */
export interface ModuleView {
  name: string;
  kind: Kind;
  isolation: IsolationOf;
  state: State;
  failed: boolean;
  /** A oneshot that has done its work (state E). */
  finished: boolean;
  size: number | null;
  digest: string | null;
  codeDigest: string | null;
  stale: boolean;
  idle: number;
  queued: number;
  services: string[];
  service: string | null;
  /** The host below which it is declared; of a host its own name. */
  host: string | null;
  path: string;
  pid: number | null;
  threadId: number | null;
  restarts: number;
  origin: Origin;
  generation: number;
  since: string;
  startedAt: string | null;
  status: { level: StatusLevel; message: string; since: string };
  healthy: boolean;
  lastExit: LastExit | null;
  held: HoldDoc | null;
  containment: Containment | null;
  /** Modules: a service stands as the one that has it; whoever loads this module is among them. */
  requires: string[];
  requiredBy: string[];
  /** Of `requires`, what is not running now. */
  waitingFor: string[];
  declaredAt: Position | null;
  /** Of a package, as its package.json says. */
  version?: string;
  /** Of a package: what it was installed from. */
  package?: string;
  /** Of a package: the version of Node that runs it; null where none does, or nothing of it was started yet. */
  node?: string | null;
}

export interface ListDoc {
  formatVersion: string;
  modules: ModuleView[];
}

/** `info NAME`; of a path that is not loaded only what the file says. */
export interface InfoDoc extends Partial<ModuleView> {
  formatVersion: string;
  name: string;
  path: string;
  sha1: string | null;
  exports: string[];
  spec: Spec | null;
  /** Of `requires`: what it is reloaded after, whenever that is. */
  reloadedWith?: string[];
  /** Of `requiredBy`: what is reloaded whenever it is. */
  reloads?: string[];
  /** Names under which a file that was asked for by its path is loaded, where these are several. */
  loadedAs?: string[];
  /** Why it is not loaded, or cannot be. */
  notLoaded?: string;
  /** What is wrong with the keeper process, which looks after it; absent: nothing. */
  keeper?: string;
  /** Last lines of output. */
  output: string[];
  /** Of a package that runs: what it has said over its channel. */
  monitors?: PackageWire['monitors'];
  actions?: PackageWire['actions'];
  exceptions?: PackageWire['exceptions'];
  options?: PackageWire['options'];
  messages?: PackageWire['messages'];
}

/** What a module is configured with, or one key of that. */
export interface SettingDoc {
  formatVersion: string;
  name: string;
  /** Null: all of it. */
  key: string | null;
  /** Secrets as `(secret)`. */
  value: unknown;
  /** Who says it: `muster set`, the config file, or the package; null: several, for it is a whole. */
  from: 'settings' | 'config' | 'defaults' | null;
  /** The keys that are set. */
  set: string[];
}

export interface Counts {
  request: number;
  response: number;
  event: number;
  control: number;
}

/** `stats NAME`. What a module adds stands beside these; a command has `outputBytes` instead of messages. */
export interface ModuleStats extends Record<string, unknown> {
  tx?: Counts;
  rx?: Counts;
  /** Events that were dropped for it or from it; absent while there are none. */
  dropped?: number;
}

/** What the kernel counts: a number, or such by their names; `max` and the like stay text. */
export type Statistic = number | string | { readonly [name: string]: Statistic };

/** `cgroup NAME`. */
export interface CgroupDoc {
  formatVersion: string;
  name: string;
  /** Folder. */
  path: string;
  containment: Containment | null;
  /** As they can stand under `cgroup:` in the config; keys for which there is no controller are left out. */
  settings: Record<string, unknown>;
  /** By interface file; what there is not is left out. */
  statistics: Record<string, Statistic>;
}

/** `outdated`: the loaded packages of the registry, sorted by name. */
export interface OutdatedDoc {
  formatVersion: string;
  packages: {
    name: string;
    /** As the config, or who installed it, says it. */
    spec: string;
    current: string | null;
    /** The newest that the spec takes. */
    wanted: string | null;
    latest: string | null;
    /** Why it is not known. */
    problem?: string;
  }[];
}

/** `cgroup NAME KEY[=VALUE]`: what the interface file says, after the write; null where it cannot be read. */
export interface CgroupValue {
  key: string;
  value: string | null;
}

export const rusageOf = ['self', 'children', 'thread'] as const;
/** The process that the module runs in, its ended children, or the thread of the module. */
export type RusageOf = (typeof rusageOf)[number];

/** Seconds of processor time, and the highest resident set in KiB (of a thread: that of its process), as getrusage(2) has them. */
export interface Rusage {
  utime: number;
  stime: number;
  maxrss: number;
}

/** One message, as `trace` shows it. */
export interface TraceRecord {
  at: string;
  type: 'request' | 'response' | 'event' | 'control';
  topic: string;
  /** Names: of a module, `client`, `muster`; of an event nobody, before it is delivered. */
  from: string;
  to: string | null;
  error?: string;
  more?: true;
  /** Bytes, estimated. */
  size: number;
  payload?: unknown;
}

/** One line of `events`. */
export interface EventDoc {
  at: string;
  /** e.g. `state`, `plan`, `result`, `config`, `hold`, `daemon`. */
  type: string;
  name?: string;
  message: string;
  fields?: Record<string, unknown>;
}

/** One record of `logs`. */
export interface LogRecord {
  name: string;
  /** ISO 8601; null where the time of a line is not known. */
  at: string | null;
  stream: 'stdout' | 'stderr' | 'muster';
  level: LogLevel;
  /** With the prefix that the log settings give it. */
  text: string;
  /** What the log settings add to it. */
  metadata?: Readonly<Record<string, unknown>>;
  /** True if the line was longer than a record and goes on in the next. */
  partial?: boolean;
}

/** Progress of a run, streamed to the client that asked for it. */
export interface Progress {
  done: number;
  total: number;
  running: string[];
}

export interface DownDoc {
  stopped: string[];
  /** Names that had to be killed. */
  killed: string[];
  /** Names that go on running, for the next daemon (`--keep`). */
  left: string[];
}
