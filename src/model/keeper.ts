import type { Containment } from './documents.ts';

/** An OS process that is about to start or runs, as recorded in the journal. */
export interface Lease {
  readonly id: string;
  /** The module, or `runner:NAME`. */
  readonly name: string;
  readonly pid: number | null;
  /** Field 22 of /proc/PID/stat; tells a pid from its later reuse. */
  readonly startTime: string | null;
  readonly bootId: string | null;
}

/** Where leases are recorded. `begin` is durable before the process starts. */
export interface LeaseLog {
  begin(lease: Lease): Promise<void>;
  started(lease: Lease): void;
  ended(id: string): void;
}

export interface SpawnSpec {
  readonly lease: string;
  readonly name: string;
  readonly argv: readonly string[];
  readonly arg0?: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** An IPC channel for runners (structured clone). */
  readonly ipc?: boolean;
  onOutput(stream: 'stdout' | 'stderr', chunk: Uint8Array): void | Promise<void>;
  onMessage?(message: unknown): void;
}

export interface ProcessExit {
  code: number | null;
  signal: string | null;
}

export interface Child {
  readonly pid: number;
  readonly containment: Containment;
  /** When the program itself has ended; others of its tree may live on. */
  readonly exited: Promise<ProcessExit>;
  /** To the program's tree as far as its containment reaches. */
  signal(signal: string): void;
  /** Kills what is left of the tree; resolves when it is gone. Idempotent. */
  killTree(): Promise<void>;
  /** False: it reads too slowly, more should wait. `sent` is called once the message has left this process, or has nowhere to go. */
  send(message: unknown, sent?: () => void): boolean;
}

/** The parent of every OS process (DESIGN §2.6). The process of its own comes later; what uses this port will not notice. */
export interface Keeper {
  /** Rejects with a MusterError that tells a missing command, a bad cwd, a bad interpreter and a non-executable apart. */
  spawn(spec: SpawnSpec): Promise<Child>;
  /** Ends what an earlier daemon left behind under these leases; resolves when it is gone. Returns the names ended. */
  sweep(leases: readonly Lease[]): Promise<string[]>;
  /** Ends everything it started. */
  dispose(): Promise<void>;
}
