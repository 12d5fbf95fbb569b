/** Size of a log and how many older ones stay beside it. */
export interface LogSettings {
  /** Bytes; 0 = no bound. */
  readonly maxSize: number;
  readonly keep: number;
}

export type OutputStream = 'stdout' | 'stderr';

/** Where the output of one instance goes. */
export interface LogWriter {
  /** A promise means: send no more until it resolves. Never throws or rejects. */
  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  /** The module has a new name, and its log with it. */
  rename(name: string): void;
  update(settings: LogSettings): void;
  /** Bytes that did not fit on the disk. */
  dropped(): number;
  /** Resolves when all is written. Idempotent. */
  close(): Promise<void>;
}
