import { format } from 'node:util';
import { deepFreeze } from '../../model/canonical.ts';
import type { Context, ModuleLog } from '../../model/context.ts';
import type { FromRealm, Start } from '../protocol.ts';
import { toThrown } from './thrown.ts';

type Config = Context['config'];

/** The side of a Context that muster holds. */
export interface ContextControl {
  readonly context: Context;
  /** Whether the module said that it runs. */
  isReady(): boolean;
  /** Runs the `onShutdown` functions, aborts the signal and ends `run()`. Never rejects; the same promise each time. */
  shutDown(): Promise<void>;
  /** Rejects with what the module throws, and then the old config is in place again. */
  reconfigure(config: Config): Promise<void>;
  rename(name: string): void;
}

export interface ContextOptions {
  readonly start: Pick<Start, 'name' | 'args' | 'env' | 'config'>;
  post(message: FromRealm): void;
  write(stream: 'stdout' | 'stderr', text: string): void;
}

export function createContext({ start, post, write }: ContextOptions): ContextControl {
  const abort = new AbortController();
  let told: () => void = () => {};
  const stopping = new Promise<void>((resolve) => {
    told = resolve;
  });
  const shutdownFns: (() => unknown)[] = [];
  const log = createLog(write);
  let reconfigureFn: ((config: Config) => unknown) | null = null;
  let { name } = start;
  let config = deepFreeze(start.config);
  let ready = false;
  let shutdown: Promise<void> | null = null;

  const context: Context = {
    get name() {
      return name;
    },
    get config() {
      return config;
    },
    args: Object.freeze([...start.args]),
    env: Object.freeze({ ...start.env }),
    log,
    signal: abort.signal,
    rank: 0,
    ready() {
      if (ready) return;
      ready = true;
      post({ type: 'ready' });
    },
    run() {
      context.ready();
      return stopping;
    },
    status(level, message) {
      post({ type: 'status', level, message: String(message) });
    },
    onReconfigure(fn) {
      reconfigureFn = fn;
      post({ type: 'reconfigurable' });
    },
    onShutdown(fn) {
      shutdownFns.push(fn);
    },
  };

  async function runShutdown(): Promise<void> {
    for (const fn of shutdownFns.reverse()) {
      try {
        await fn();
      } catch (error) {
        log.error(`a function given to onShutdown threw: ${toThrown(error).stack}`);
      }
    }
    abort.abort();
    told();
  }

  return {
    context: Object.freeze(context),
    isReady: () => ready,
    shutDown() {
      shutdown ??= runShutdown();
      return shutdown;
    },
    async reconfigure(next) {
      const before = config;
      config = deepFreeze(next);
      try {
        await reconfigureFn?.(config);
      } catch (error) {
        config = before;
        throw error;
      }
    },
    rename(next) {
      name = next;
    },
  };
}

/** Levels beside the usual one of a stream are named in the line, so that the file alone tells them apart. */
function createLog(write: ContextOptions['write']): ModuleLog {
  const to =
    (stream: 'stdout' | 'stderr', level: string) =>
    (...what: unknown[]): void =>
      write(stream, `${level}${format(...what)}\n`);
  return Object.freeze({
    debug: to('stdout', 'debug: '),
    info: to('stdout', ''),
    warn: to('stderr', ''),
    error: to('stderr', 'error: '),
  });
}
