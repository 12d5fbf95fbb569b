import { format } from 'node:util';
import { deepFreeze } from '../../model/canonical.ts';
import type { Context, ModuleLog } from '../../model/context.ts';
import { statusLevels } from '../../model/documents.ts';
import { MusterError } from '../../model/error.ts';
import type { FromModule, Start } from '../protocol.ts';
import type { ModuleBus } from './bus/realm-bus.ts';
import { ModuleContext } from './module-context.ts';
import { createReadiness } from './readiness.ts';
import { packState, unpackState } from './state.ts';
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
  /** Whether it wants to carry anything over a reload. */
  saves(): boolean;
  /** Null: it has nothing to carry over. Rejects with what the module throws, EINVAL or E2BIG. */
  save(): Promise<Uint8Array | null>;
}

export interface ContextOptions {
  readonly start: Pick<Start, 'args' | 'env' | 'config' | 'restored'>;
  name(): string;
  readonly bus: ModuleBus;
  post(message: FromModule): void;
  write(stream: 'stdout' | 'stderr', text: string): void;
  /** Calls a function of the module as its own. */
  run<T>(fn: () => T): T;
  /** An error that the module cannot catch. */
  failed(error: unknown): void;
  hostModules: Context['hostModules'];
}

export function createContext({ start, name, bus, post, write, run, failed, hostModules }: ContextOptions): ContextControl {
  const shutdownFns: (() => unknown)[] = [];
  const readiness = createReadiness({ bus, post });
  const abort = once(() => new AbortController());
  const log = once(() => createLog(write));
  const restored = once(() => unpackState(start.restored));
  let told: () => void = () => {};
  const stopping = new Promise<void>((resolve) => {
    told = resolve;
  });
  let reconfigureFn: ((config: Config) => unknown) | null = null;
  let saveFn: (() => unknown) | null = null;
  let config = deepFreeze(start.config);
  let shutdown: Promise<void> | null = null;

  const context = new ModuleContext(
    { name, config: () => config, log, signal: () => abort().signal, debugFlags: () => bus.debugFlags, restored },
    {
      args: Object.freeze([...start.args]),
      env: Object.freeze({ ...start.env }),
      handle: bus.handle,
      request: bus.request,
      stream: bus.stream,
      publish: bus.publish,
      subscribe: bus.subscribe,
      onStats: bus.onStats,
      register: readiness.register,
      hostModules,
      ready() {
        readiness.become().catch(failed);
      },
      async run() {
        await readiness.become();
        return stopping;
      },
      status(level, message, options) {
        if (!statusLevels.includes(level)) throw new MusterError('EINVAL', `a status is one of ${statusLevels.join(', ')}`);
        post({ type: 'status', level, message: String(message), ...(options?.override === true ? { override: true } : {}) });
      },
      onReconfigure(fn) {
        reconfigureFn = callable(fn, 'onReconfigure');
        post({ type: 'reconfigurable' });
      },
      onShutdown(fn) {
        shutdownFns.push(callable(fn, 'onShutdown'));
      },
      onSave(fn) {
        saveFn = callable(fn, 'onSave');
        post({ type: 'saves' });
      },
    },
  );

  async function runShutdown(): Promise<void> {
    for (const fn of shutdownFns.reverse()) {
      try {
        await run(fn);
      } catch (error) {
        log().error(`a function given to onShutdown threw: ${toThrown(error).stack}`);
      }
    }
    run(() => abort().abort());
    told();
  }

  return {
    context,
    isReady: readiness.isReady,
    shutDown() {
      shutdown ??= runShutdown();
      return shutdown;
    },
    async reconfigure(next) {
      const before = config;
      config = deepFreeze(next);
      try {
        await run(() => reconfigureFn?.(config));
      } catch (error) {
        config = before;
        throw error;
      }
    },
    saves: () => saveFn !== null,
    save: async () => packState(await run(() => saveFn?.())),
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

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function callable<T>(fn: T, where: string): T {
  if (typeof fn === 'function') return fn;
  throw new MusterError('EINVAL', `what is given to ${where} is no function`);
}
