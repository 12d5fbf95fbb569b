/** In the state dir; older ones are `audit.log.1` and so on, the oldest with the highest number. */
export const auditFile = 'audit.log';
export const auditFilesKept = 9;

/** A process at the other end of the socket, as the kernel knows it. */
export interface Peer {
  readonly uid: number;
  readonly pid: number;
}

/** One line of the audit log: a call that changed something or was refused, or what the daemon did by itself. Nothing secret is in it. */
export interface AuditLine {
  /** Counts up by one; what is missing was not written. */
  readonly seq: number;
  /** ISO 8601, of the end of it. */
  readonly at: string;
  /** In the words of who asked; `module:NAME` as the daemon knows it; null: nobody said, or nobody asked. */
  readonly by: string | null;
  /** Who asked as the kernel knows it; null: not known. */
  readonly peer: Peer | null;
  /** Of service `muster`; null: the daemon did it by itself. */
  readonly method: string | null;
  /** What set it going: the method, or a signal, a saved file, the interval. */
  readonly trigger: string;
  /** As they were given, bounded. */
  readonly params: unknown;
  readonly reason: string | null;
  /** `unknown`: only with `recovered`, where the journal does not say. */
  readonly outcome: 'applied' | 'failed' | 'refused' | 'done' | 'error' | 'unknown';
  readonly exitCode: number | null;
  readonly planId: string | null;
  /** The commit that its config is of. */
  readonly revision?: string;
  /** After it. */
  readonly serial: number;
  readonly generation: number;
  readonly changes: readonly AuditedChange[];
  /** Changes beyond those listed. */
  readonly moreChanges: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** So often the same was refused of the same module since the last line of it. */
  readonly times?: number;
  /** Told by the journal: the daemon died before it could write the line. */
  readonly recovered?: true;
}

export interface AuditedChange {
  readonly name: string;
  readonly action: string;
  readonly status: string;
  readonly error?: string;
}

/** Where lines go. `append` resolves when the line is durable, or is known not to be for now. */
export interface Audit {
  append(line: Omit<AuditLine, 'seq'>): Promise<void>;
  /** Of the last line when the daemon began; 0 without one. */
  readonly lastSerial: number;
  /** Why the last line could not be written, and how many wait or are lost; null: all are written. */
  readonly trouble: AuditTrouble | null;
}

export interface AuditTrouble {
  readonly code: string;
  readonly message: string;
  readonly waiting: number;
  readonly lost: number;
}
