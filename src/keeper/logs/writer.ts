import type { LogShape } from './shape.ts';

/** Size of a log and how many older ones stay beside it, and what is told of its lines when they are read. */
export interface LogSettings {
  /** Bytes; 0 = no bound. */
  readonly maxSize: number;
  readonly keep: number;
  /** What becomes of output that comes faster than the disk takes it: it waits (`block`, the default), or is dropped and counted. */
  readonly overflow?: 'block' | 'drop';
  readonly shape?: LogShape;
}

export type OutputStream = 'stdout' | 'stderr';

/** Why output is missing: the disk did not take it, it came too fast, or a transform would not say what it is to become. */
export const losses = ['lost', 'dropped', 'withheld'] as const;
export type Loss = (typeof losses)[number];

/** Where the output of one instance goes. */
export interface LogWriter {
  /** Copies the chunk. A promise means: send no more until it resolves. Never throws or rejects. */
  write(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  /** So many bytes do not come, here, and why. */
  missing(bytes: number, loss: Loss): void;
  /** The module has a new name, and its log with it. */
  rename(name: string): void;
  update(settings: LogSettings): void;
  /** Bytes that are in no file, whatever the reason. */
  dropped(): number;
  /** Resolves when all is written. Idempotent. */
  close(): Promise<void>;
}
