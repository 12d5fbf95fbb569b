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
  /** True for an instance that muster starts again by itself: after an end that was not asked for, or with its service or runner. */
  readonly again: boolean;

  /** Says that the module runs now: `load` returns, what requires it starts. */
  ready(): void;
  /** Says so and resolves when the module is told to stop. When main returns after that, the module has ended. */
  run(): Promise<void>;
  /**
   * What `list`, `info`, `status` and metrics show of it: `core` and `info` are normal, `warn` and `error` are not; who has lost
   * what it works with says `warn`. An error stays until a later error, a new start, or what is said with `override`.
   */
  status(level: StatusLevel, message: string, options?: StatusOptions): void;
  /**
   * Takes a changed `config` without a restart. `ctx.config` is the new one already; if the function throws, it is the
   * old one again and the change is reported as reverted. Without such a function a change of `config` is a reload.
   */
  onReconfigure(fn: (config: Readonly<Record<string, unknown>>) => unknown): void;
  /** Called when the module is told to stop, last registered first; awaited. One that throws is logged and stops nothing. */
  onShutdown(fn: () => unknown): void;

  /**
   * Serves requests to `NAME.method`, and to `SERVICE.method` of every service it registered. What the function returns,
   * or resolves with, is the response; what it throws is the error of the caller, with its `code` if it has one. An (async)
   * iterable that is no array, string or plain data makes a stream. A handler for `ping`, `stats`, `statsClear`, `debug`,
   * `rusage` or `shutdown` takes the place of muster's own; one for `disconnect` hears of askers that are gone.
   */
  handle<P = Payload>(method: string, fn: (request: Incoming<P>) => unknown): void;
  /** Takes requests to another name too. Rejects with EEXIST, naming the holder; if nobody catches that, the module fails. */
  register(service: string): Promise<void>;
  /**
   * Asks the service that the topic begins with. Rejects with a code: ENOSYS nobody serves it, EHOSTUNREACH who was to
   * answer is gone, ETIMEDOUT, ECANCELED by `signal`, EBUSY too much waits already, E2BIG, EINVAL the payload cannot be
   * cloned, or what the other side threw.
   */
  request<R = Payload>(topic: string, payload?: unknown, options?: RequestOptions): Promise<R>;
  /** The parts of a streamed response as they come; leaving the loop ends the stream. `timeout` is that between two parts. */
  stream<R = Payload>(topic: string, payload?: unknown, options?: RequestOptions): AsyncIterable<R>;
  /** To every subscriber of a matching glob, at most once each. Never waits: what is beyond their bound is dropped and counted. */
  publish(topic: string, payload?: unknown): void;
  /** Calls `fn` with events whose topic matches (`heartbeat.*`); returns the function that ends it. */
  subscribe<P = Payload>(glob: string, fn: (event: Published<P>) => unknown): () => void;
  /** 32 bits that `muster debug NAME` sets; what they mean is the module's affair. */
  readonly debugFlags: number;
  /** What the function returns stands beside `tx` and `rx` in `stats`. */
  onStats(fn: () => Readonly<Record<string, unknown>>): void;
  /**
   * Returns what the next instance of this module gets as `restored`: structured-clone data, at most 16 MiB. Called
   * before a reload; if it throws, or takes longer than `stopTimeout`, the reload is refused and this instance serves on.
   */
  onSave(fn: () => unknown): void;
  /** What the last instance saved before a reload; undefined at a first start, or after a crash. */
  readonly restored: Payload;
  /**
   * Becomes a service that loads modules: answers `NAME.load`, `NAME.remove` and `NAME.list`, by default with the loader
   * of this realm, which is returned. Functions that are given take its place.
   */
  hostModules(own?: HostFunctions): ModuleHost;
}

/** Structured-clone data; over sockets JSON. Whoever knows more says so by a type argument. */
// biome-ignore lint/suspicious/noExplicitAny: what comes from elsewhere has the shape that its author says
export type Payload = any;

export interface Incoming<P = Payload> {
  /** Whole: `greeter.hello`. */
  readonly topic: string;
  /** Without the service: `hello`. */
  readonly method: string;
  readonly payload: P;
  /** Name of the module that asks; `client` for one of the socket, `muster` for the daemon. */
  readonly from: string;
  /** Aborted when the asker gives up or is gone, and when this module is told to stop. */
  readonly signal: AbortSignal;
}

export interface Published<P = Payload> {
  readonly topic: string;
  readonly payload: P;
  /** Name of the module that published it. */
  readonly from: string;
}

export interface StatusOptions {
  /** Takes the place of an error too. */
  readonly override?: boolean;
}

export interface RequestOptions {
  /** ms; without it there is no limit. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** A module to be loaded by a service. */
export interface HostedModule {
  /** The whole name: `gateway.status`. */
  readonly name: string;
  /** The entry file. */
  readonly path: string;
  readonly args: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** A module that a service is to let go of. */
export interface Dismissed {
  readonly name: string;
  /**
   * `removed` (the default): it does not come back; told of one that had ended already, too. `replaced`: another start of it
   * follows. `stopped`: somebody stopped it, and may start it again.
   */
  readonly why?: 'removed' | 'replaced' | 'stopped';
  /** After so long it is ended by force, ms. */
  readonly timeout?: number;
}

/** The loader of a realm. */
export interface ModuleHost {
  /**
   * Resolves when it runs. During a reload with overlap one of the same name runs already; `remove` means the oldest that is
   * not on its way out.
   */
  load(module: HostedModule): Promise<LoadedModule>;
  /** Resolves when nothing of it is left. */
  remove(module: Dismissed): Promise<void>;
  list(): unknown;
}

/** What a service does itself when it is asked to load modules; it mostly calls the loader of its realm in that. */
export interface HostFunctions {
  load?(module: HostedModule): unknown;
  remove?(module: Dismissed): unknown;
  list?(): unknown;
  /** Called when the service is told to stop, before what it has loaded is stopped with it; awaited. */
  closing?(): unknown;
}

export interface LoadedCall<R = Payload> {
  readonly answer: Promise<R>;
  /** Nobody waits for it any more: the signal of the request is aborted. Nothing happens where it is answered already. */
  cancel(): void;
}

/** One start of a module, as the service that has loaded it sees it. */
export interface LoadedModule {
  /** Follows a rename. */
  readonly name: string;
  /** As it is after each live change. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether requests are begun with now: not once it is stopping, nor while it is about to be replaced. */
  readonly takes: boolean;
  /** Resolves when nothing of this start is left. */
  readonly ended: Promise<void>;
  handles(method: string): boolean;
  /**
   * Asks its handler as `request` does, but this start of it and no other, in this turn, and without a copy: the payload and
   * what the handler returns are handed over as they are, whatever they are. The answer rejects with ENOSYS where `takes` is
   * false, EHOSTUNREACH when the module ends meanwhile, ECANCELED by `cancel`, or what the handler threw.
   */
  call<R = Payload>(method: string, payload?: unknown): LoadedCall<R>;
  /** Calls `fn` when its name, its config or `takes` has changed; one function at a time. */
  onChange(fn: () => void): void;
  /** Calls `fn` with a changed config before the module gets it; if it throws, the change is refused. One function at a time. */
  beforeReconfigure(fn: (config: LoadedModule['config']) => void | Promise<void>): void;
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
