import type { Engine } from '../engine/engine.ts';
import type { StatusReporter } from '../engine/status.ts';
import type { Peer } from '../model/audit.ts';
import type { BusPort, Party } from '../model/bus.ts';
import type { CgroupAccess } from '../model/cgroup-access.ts';
import type { DownDoc, LogRecord, Rusage, RusageOf, TraceRecord } from '../model/documents.ts';
import type { KeeperTrouble } from '../model/keeper.ts';
import type { Method, Params, Responses } from '../model/methods.ts';
import type { Result } from '../model/plan.ts';

/** One request as a method sees it. */
export interface Call {
  /** Sends one part of a stream; resolves when the caller can take more. */
  part(payload: unknown): Promise<void>;
  /** Aborted when the caller is gone. What it asked for goes on. */
  signal: AbortSignal;
  /** Who is at the other end as the kernel knows it; null: that cannot be told. */
  peer?(): Promise<Peer | null>;
  /** To be called once something was changed, where the answer is a while off: it is written down. */
  recorded?(result: Result): Promise<void>;
  /** The module that asks; without it a client of the control socket, whom the socket's permissions let in. */
  from?: Asker;
}

/** A module that asks, and what it may ask for. */
export type Asker = Pick<Party, 'name' | 'address' | 'control'>;

/** The messages between modules, as far as methods have to do with them. */
export interface ApiBus extends Pick<BusPort, 'request'> {
  /** An event of the module that asks, or of a client (null). Throws EINVAL or EPERM for a topic that nobody may publish. */
  publish(topic: string, payload: unknown, from: Asker | null): void;
  /** Tells of messages from now on until the signal aborts; `dropped` were lost before them. */
  trace(wanted: TraceWanted, onRecords: (records: readonly TraceRecord[], dropped: number) => void, signal: AbortSignal): void;
}

/** Names, of modules that need not be there yet, or globs; without names everything. `payloads`: messages whole. */
export type TraceWanted = Pick<Params<'trace'>, 'names' | 'types' | 'topic'> & { readonly payloads: boolean };

/** The last `lines` records, none older than `sinceMs`; with `follow` what comes after them too. */
export interface LogOptions {
  readonly lines: number | undefined;
  readonly sinceMs: number | undefined;
  readonly follow: boolean;
}

/** What a module wrote: what there is, oldest first, then from there on what comes until the signal. */
export interface LogReader {
  past(): AsyncIterable<LogRecord[]>;
  following(signal: AbortSignal): AsyncIterable<LogRecord[]>;
  close(): Promise<void>;
}

/** What the methods need of the daemon beyond the engine. */
export interface ApiPorts {
  engine: Engine;
  bus: ApiBus;
  status: StatusReporter;
  version: string;
  pid: number;
  openLog(name: string, options: LogOptions): Promise<LogReader>;
  /** Names that have a log though nothing of that name is loaded. */
  hasLog(name: string): boolean;
  logNames(): Promise<string[]>;
  /** What is on disk of a path or of `builtin:NAME`; `file` is where. */
  inspect(path: string): Promise<{ file: string; size: number; sha1: string } | null>;
  /** Brings the sizes and digests in views up to the files on disk. */
  refreshFacts(): Promise<void>;
  /** Of the daemon's own process; null where it cannot be told. */
  keeperTrouble(): KeeperTrouble | null;
  rusage(who: RusageOf): Rusage | null;
  /** The names that a file of code exports, read without running it. */
  exportsOf(path: string): Promise<string[]>;
  /** What is in cgroups, and what is done to them by hand. */
  cgroups: CgroupAccess;
  /** Takes secrets out of text that is shown. */
  mask(text: string): string;
  /** Ends the daemon; resolves with what was stopped, after which the process exits. `keep`: leaves OS processes to the next one. */
  down(options: { keep: boolean }): Promise<DownDoc>;
}

/** What is known at once is returned at once: a promise for it would be half of what a ping costs. */
export type Handler<M extends Method> = (params: Params<M>, call: Call, ports: ApiPorts) => Responses[M] | Promise<Responses[M]>;
export type Handlers = { [M in Method]: Handler<M> };
