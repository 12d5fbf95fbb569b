/**
 * What the rooms that decide and record need from the world. The daemon passes in the real ones, the simulation its own.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fn` once after `ms`. The timer never keeps the process alive by itself. */
  after(ms: number, fn: () => void): Timer;
}

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A new identifier, unique across restarts and machines. */
  id(): string;
}

/** A file that is only ever appended to. */
export interface AppendFile {
  append(text: string): Promise<void>;
  /** Durable when it resolves (fdatasync). */
  sync(): Promise<void>;
  size(): number;
  close(): Promise<void>;
}

/** The part of a disk that the store needs. Paths are relative to the state dir. */
export interface Disk {
  read(path: string): Promise<Uint8Array | null>;
  openAppend(path: string): Promise<AppendFile>;
  /** Whole or not at all, also over a power cut: temp file, fsync, rename, fsync of the folder. */
  replace(path: string, content: string | Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** No error if it is not there. */
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted; empty if there is none. */
  list(folder: string): Promise<string[]>;
  truncate(path: string, size: number): Promise<void>;
}

/** Structured log of the daemon itself. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
