import type { Containment } from './documents.ts';
import type { WireError } from './error.ts';
import type { CgroupSpec } from './fields/cgroup.ts';
import type { LogSpec } from './fields/log.ts';

/** An OS process that is about to start or runs, as recorded in the journal. */
export interface Lease {
  readonly id: string;
  /** The module, or `runner:NAME`. */
  readonly name: string;
  readonly pid: number | null;
  /** Field 22 of /proc/PID/stat; tells a pid from its later reuse. */
  readonly startTime: string | null;
  readonly bootId: string | null;
  /** Folder of its cgroup. */
  readonly cgroup?: string;
  /** All that is needed to find it again, of a command that is to outlive the daemon. */
  readonly held?: Held;
}

/** How a process goes on without a daemon: where its output goes, and how it is stopped if nobody wants it any more. */
export interface Kept {
  readonly name: string;
  /** As it may be shown, without secrets. */
  readonly argv: readonly string[];
  readonly log: LogSpec;
  readonly stopSignal: string;
  /** ms */
  readonly stopTimeout: number;
}

/** A command that was started, as keeper and daemon hand it on to one another. */
export interface Held {
  /** Of its lease. */
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly startTime: string | null;
  readonly bootId: string | null;
  readonly containment: Containment;
  readonly cgroup: string | null;
  /** `SpawnSpec.cgroup` */
  readonly limits?: CgroupSpec | undefined;
  /** Files in the folder `fifo` of the state dir. Without `stderr` that goes the way of stdout. */
  readonly fifos: { readonly stdout: string; readonly stderr?: string; readonly notice?: string };
  /** `SpawnSpec.digest` */
  readonly digest: string | null;
  /** ms since the epoch */
  readonly startedAt: number;
  /** Null: it dies with the daemon. */
  readonly kept: Kept | null;
}

/** Where leases are recorded. `begin` is durable before the process starts. */
export interface LeaseLog {
  begin(lease: Lease): Promise<void>;
  started(lease: Lease): void;
  ended(id: string): void;
}

/** As whom a process runs and what the system lets it use, in the numbers of the system; null: as the daemon. */
export interface Identity {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly groups: readonly number[] | null;
  readonly umask: number | null;
  /** By the names of prlimit(1); `unlimited` or a number. */
  readonly rlimits: Readonly<Record<string, string>>;
  readonly noNewPrivileges: boolean;
}

/** A keeper process that lives and does not answer. */
export interface KeeperTrouble {
  readonly pid: number;
  /** When that was noticed, ISO 8601. */
  readonly since: string;
  /** By a signal or a debugger. */
  readonly isStopped: boolean;
}

export interface SpawnSpec {
  readonly lease: string;
  readonly name: string;
  readonly argv: readonly string[];
  readonly arg0?: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly identity?: Identity;
  /** `cgroup` refuses to run without one; absent: no cgroup is made. */
  readonly containment?: 'auto' | 'cgroup';
  /** Limits; they need a cgroup. */
  readonly cgroup?: CgroupSpec | undefined;
  /** Of all that cannot change while it runs. A kept process of the same name and digest is taken over instead of a start. */
  readonly digest?: string;
  /** stderr is the same pipe as stdout, so that their order is kept; all comes as stdout. */
  readonly mergeStderr?: boolean;
  /** Descriptor (3 up) of a pipe whose text goes to `onNotice`. */
  readonly noticeFd?: number;
  /** The chunk is the receiver's until it returns, as is that of `onOutput`. */
  onNotice?(chunk: Uint8Array): void;
  /** Path of a file that it gets as its standard input; without it that is empty. */
  readonly stdin?: string;
  /** It is not the module itself, but what is run to see whether that can be started. */
  readonly beforehand?: true;
  /** Path of a socket that it listens at, as its descriptor 3; made for it, and removed by who asked for it. */
  readonly listen?: string;
  /** Path at which the daemon reaches the program, which has the other end as the channel that Node has between processes. */
  readonly channel?: string;
  onOutput(stream: 'stdout' | 'stderr', chunk: Uint8Array): void | Promise<void>;
}

export interface ProcessExit {
  code: number | null;
  signal: string | null;
  /** The kernel killed something of its tree because memory ran out. */
  oom?: boolean;
  /** It never became the program: what kept it from being executed. */
  failure?: WireError;
}

export interface Child {
  readonly pid: number;
  readonly containment: Containment;
  /** Folder of its cgroup; null: none. */
  readonly cgroup: string | null;
  /** When it was launched, ms since the epoch. */
  readonly startedAt: number;
  /** It was launched for an earlier daemon. */
  readonly takenOver: boolean;
  /** When the program itself has ended; others of its tree may live on. */
  readonly exited: Promise<ProcessExit>;
  /** To the program's tree as far as its containment reaches. */
  signal(signal: string): void;
  /** Kills what is left of the tree; resolves when it is gone. Idempotent. */
  killTree(): Promise<void>;
  /** Puts other limits into effect: all or, with an error that names key, value and reason, none. */
  limit(cgroup: CgroupSpec | undefined): Promise<void>;
  /** Whether, and how, it outlives the daemon from now on. */
  keep(as: Kept | null): void;
  /** This daemon has done with it and takes no more of its output; the next one goes on with what `keep` says. Only where there can be a next one. */
  leave?(): Promise<void>;
  /** Of what it runs under; absent where no other daemon can have it. */
  readonly lease?: string;
}

/** The parent of OS processes (DESIGN §2.6), of commands and runners: a process of its own. */
export interface Keeper {
  /** Rejects with a MusterError that tells a missing command, a bad cwd, a bad interpreter and a non-executable apart. */
  spawn(spec: SpawnSpec): Promise<Child>;
  /** What an earlier daemon has handed over under this lease; null: it is not there. */
  inherit?(lease: string, receiver: Pick<SpawnSpec, 'onOutput' | 'onNotice'>): Child | null;
  /** Whether a spawn of this name and digest would take over what an earlier daemon has left. */
  hasKept?(name: string, digest: string): boolean;
  /** Ends what an earlier daemon left behind under these leases; resolves when it is gone. Returns the names ended. */
  sweep(leases: readonly Lease[]): Promise<string[]>;
  /** Ends everything it started. */
  dispose(): Promise<void>;
}
