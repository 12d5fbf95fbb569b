import { format } from 'node:util';
import { deepFreeze } from '../../model/canonical.ts';
import type { Context, ModuleLog } from '../../model/context.ts';
import { statusLevels } from '../../model/documents.ts';
import { MusterError } from '../../model/error.ts';
import type { FromModule, Start } from '../protocol.ts';
import type { ModuleBus } from './bus/realm-bus.ts';
import { type Live, ModuleContext } from './module-context.ts';
import { Readiness } from './readiness.ts';
import { packState, unpackState } from './state.ts';
import { toThrown } from './thrown.ts';

type Config = Context['config'];

/** What a Context needs of its module. */
export interface ContextPorts {
  name(): string;
  readonly bus: ModuleBus;
  post(message: FromModule): void;
  write(stream: 'stdout' | 'stderr', text: string): void;
  /** Calls a function of the module as its own. */
  run<T>(fn: () => T): T;
  /** An error that the module cannot catch. */
  failed(error: unknown): void;
  hostModules(own: Parameters<Context['hostModules']>[0]): ReturnType<Context['hostModules']>;
}

/** The side of a Context that muster holds. */
export class ContextControl implements Live {
  readonly context: Context;
  readonly #ports: ContextPorts;
  readonly #readiness: Readiness;
  readonly #packed: Start['restored'];
  #config: Config;
  #restored: { readonly value: unknown } | null = null;
  #abort: AbortController | null = null;
  #log: ModuleLog | null = null;
  #shutdownFns: (() => unknown)[] | null = null;
  #reconfigureFn: ((config: Config) => unknown) | null = null;
  #saveFn: (() => unknown) | null = null;
  #shutdown: Promise<void> | null = null;
  #tell: (() => void) | null = null;
  readonly #stopping = new Promise<void>((resolve) => {
    this.#tell = resolve;
  });

  constructor({ args, env, config, restored, again }: Pick<Start, 'args' | 'env' | 'config' | 'restored' | 'again'>, ports: ContextPorts) {
    this.#ports = ports;
    this.#packed = restored;
    this.#config = deepFreeze(config);
    this.#readiness = new Readiness(ports);
    this.context = new ModuleContext(this, ports.bus, { args: Object.freeze(args), env: Object.freeze(env), again: again === true });
  }

  name(): string {
    return this.#ports.name();
  }

  config(): Config {
    return this.#config;
  }

  log(): ModuleLog {
    this.#log ??= createLog(this.#ports);
    return this.#log;
  }

  signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  debugFlags(): number {
    return this.#ports.bus.debugFlags;
  }

  restored(): unknown {
    this.#restored ??= { value: unpackState(this.#packed) };
    return this.#restored.value;
  }

  register(service: string): Promise<void> {
    return this.#readiness.register(service);
  }

  hostModules(own: Parameters<Context['hostModules']>[0]): ReturnType<Context['hostModules']> {
    return this.#ports.hostModules(own);
  }

  ready(): void {
    this.#readiness.become()?.catch((error) => this.#ports.failed(error));
  }

  run(): Promise<void> {
    return this.#readiness.become()?.then(() => this.#stopping) ?? this.#stopping;
  }

  status(...[level, message, options]: Parameters<Context['status']>): void {
    if (!statusLevels.includes(level)) throw new MusterError('EINVAL', `a status is one of ${statusLevels.join(', ')}`);
    this.#ports.post({ type: 'status', level, message: String(message), ...(options?.override === true ? { override: true } : {}) });
  }

  onReconfigure(fn: (config: Config) => unknown): void {
    this.#reconfigureFn = callable(fn, 'onReconfigure');
    this.#ports.post({ type: 'reconfigurable' });
  }

  onShutdown(fn: () => unknown): void {
    this.#shutdownFns ??= [];
    this.#shutdownFns.push(callable(fn, 'onShutdown'));
  }

  onSave(fn: () => unknown): void {
    this.#saveFn = callable(fn, 'onSave');
    this.#ports.post({ type: 'saves' });
  }

  /** Whether the module said that it runs. */
  isReady(): boolean {
    return this.#readiness.isReady;
  }

  /** Runs the `onShutdown` functions, aborts the signal and ends `run()`. Never rejects; the same promise each time. */
  shutDown(): Promise<void> {
    this.#shutdown ??= this.#shutDown();
    return this.#shutdown;
  }

  /** Rejects with what the module throws, and then the old config is in place again. */
  async reconfigure(next: Config): Promise<void> {
    const before = this.#config;
    this.#config = deepFreeze(next);
    try {
      await this.#ports.run(() => this.#reconfigureFn?.(this.#config));
    } catch (error) {
      this.#config = before;
      throw error;
    }
  }

  /** Whether it wants to carry anything over a reload. */
  saves(): boolean {
    return this.#saveFn !== null;
  }

  /** Null: it has nothing to carry over. Rejects with what the module throws, EINVAL or E2BIG. */
  async save(): Promise<Uint8Array | null> {
    return packState(await this.#ports.run(() => this.#saveFn?.()));
  }

  async #shutDown(): Promise<void> {
    for (const fn of this.#shutdownFns?.reverse() ?? []) {
      try {
        await this.#ports.run(fn);
      } catch (error) {
        this.log().error(`a function given to onShutdown threw: ${toThrown(error).stack}`);
      }
    }
    this.signal();
    this.#ports.run(() => this.#abort?.abort());
    this.#tell?.();
  }
}

/** Levels beside the usual one of a stream are named in the line, so that the file alone tells them apart. */
function createLog(ports: ContextPorts): ModuleLog {
  const to =
    (stream: 'stdout' | 'stderr', level: string) =>
    (...what: unknown[]): void =>
      ports.write(stream, `${level}${format(...what)}\n`);
  return Object.freeze({
    debug: to('stdout', 'debug: '),
    info: to('stdout', ''),
    warn: to('stderr', ''),
    error: to('stderr', 'error: '),
  });
}

function callable<T>(fn: T, where: string): T {
  if (typeof fn === 'function') return fn;
  throw new MusterError('EINVAL', `what is given to ${where} is no function`);
}
