import type { Context } from '../../model/context.ts';

type Changing = 'name' | 'config' | 'log' | 'signal' | 'debugFlags' | 'restored';

/** What a module asks anew each time, or what is made when it first asks. */
export type Live = { readonly [Name in Changing]: () => Context[Name] };

/**
 * The Context as a module gets it. Getters stand on a class: in an object of its own each would have a shape of its own,
 * which costs more than all else of a small module. Functions do not need their `this`.
 */
export class ModuleContext implements Context {
  readonly #live: Live;
  readonly args: Context['args'];
  readonly env: Context['env'];
  readonly rank = 0;
  readonly ready: Context['ready'];
  readonly run: Context['run'];
  readonly status: Context['status'];
  readonly onReconfigure: Context['onReconfigure'];
  readonly onShutdown: Context['onShutdown'];
  readonly handle: Context['handle'];
  readonly register: Context['register'];
  readonly request: Context['request'];
  readonly stream: Context['stream'];
  readonly publish: Context['publish'];
  readonly subscribe: Context['subscribe'];
  readonly onStats: Context['onStats'];
  readonly onSave: Context['onSave'];
  readonly hostModules: Context['hostModules'];

  constructor(live: Live, fixed: Omit<Context, Changing | 'rank'>) {
    this.#live = live;
    this.args = fixed.args;
    this.env = fixed.env;
    this.ready = fixed.ready;
    this.run = fixed.run;
    this.status = fixed.status;
    this.onReconfigure = fixed.onReconfigure;
    this.onShutdown = fixed.onShutdown;
    this.handle = fixed.handle;
    this.register = fixed.register;
    this.request = fixed.request;
    this.stream = fixed.stream;
    this.publish = fixed.publish;
    this.subscribe = fixed.subscribe;
    this.onStats = fixed.onStats;
    this.onSave = fixed.onSave;
    this.hostModules = fixed.hostModules;
    Object.freeze(this);
  }

  get name(): string {
    return this.#live.name();
  }

  get config(): Context['config'] {
    return this.#live.config();
  }

  get log(): Context['log'] {
    return this.#live.log();
  }

  get signal(): AbortSignal {
    return this.#live.signal();
  }

  get debugFlags(): number {
    return this.#live.debugFlags();
  }

  get restored(): Context['restored'] {
    return this.#live.restored();
  }
}
