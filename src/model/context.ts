import type { StatusLevel } from './documents.ts';

/**
 * What a module gets from muster, and all it needs of it: a module imports nothing but these types (CONTRACT §8).
 * The same in a thread of its own, in a shared thread, as a process, or inside the service that loads it.
 */
export interface Context {
  /** Of this instance; follows a rename. */
  readonly name: string;
  /** As configured, unchanged. */
  readonly args: readonly string[];
  /** Frozen; another object after each live change. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The module's own environment, which is all of it. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: ModuleLog;
  /** Aborted when the module is told to stop, after the `onShutdown` functions. */
  readonly signal: AbortSignal;
  /** Of this machine among several; 0 until there are several. */
  readonly rank: number;

  /** Says that the module runs now: `load` returns, what requires it starts. */
  ready(): void;
  /** Says so and resolves when the module is told to stop. When main returns after that, the module has ended. */
  run(): Promise<void>;
  /** What `list` and `status` show of it: `core` is normal, `warn` and `error` are not. */
  status(level: StatusLevel, message: string): void;
  /**
   * Takes a changed `config` without a restart. `ctx.config` is the new one already; if the function throws, it is the
   * old one again and the change is reported as reverted. Without such a function a change of `config` is a reload.
   */
  onReconfigure(fn: (config: Readonly<Record<string, unknown>>) => unknown): void;
  /** Called when the module is told to stop, last registered first; awaited. One that throws is logged and stops nothing. */
  onShutdown(fn: () => unknown): void;
}

/** Into the module's own log. Text is taken as it is, anything else as `util.format` shows it. */
export interface ModuleLog {
  debug(...what: unknown[]): void;
  info(...what: unknown[]): void;
  warn(...what: unknown[]): void;
  error(...what: unknown[]): void;
}

/** What a module exports as `main`. It runs until this returns. */
export type Main = (ctx: Context, args: string[]) => unknown;
