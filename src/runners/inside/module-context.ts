import type { Context } from '../../model/context.ts';
import type { ModuleBus } from './bus/realm-bus.ts';

type Changing = 'name' | 'config' | 'log' | 'signal' | 'debugFlags' | 'restored';
type OfBus = 'handle' | 'request' | 'stream' | 'publish' | 'subscribe' | 'onStats';
type OfModule = 'ready' | 'register' | 'run' | 'status' | 'onReconfigure' | 'onShutdown' | 'onSave' | 'hostModules';

/** What a module asks anew each time, or what is made when it first asks; and what it can do of itself. */
export type Live = { readonly [Name in Changing]: () => Context[Name] } & Pick<Context, OfModule>;

/**
 * The Context as a module gets it. All stands on a class: in an object of its own each getter would have a shape of its own,
 * which costs more than all else of a small module. A function does not need its `this`, so it is bound, but only when it is
 * first asked for: a module uses few of them.
 */
export class ModuleContext implements Context {
  readonly #live: Live;
  readonly #bus: Pick<ModuleBus, OfBus>;
  readonly #bound: { [Name in OfBus | OfModule]?: Context[Name] } = {};
  readonly args: Context['args'];
  readonly env: Context['env'];
  readonly rank = 0;
  readonly again: Context['again'];

  constructor(live: Live, bus: Pick<ModuleBus, OfBus>, { args, env, again }: Pick<Context, 'args' | 'env' | 'again'>) {
    this.#live = live;
    this.#bus = bus;
    this.args = args;
    this.env = env;
    this.again = again;
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

  get ready(): Context['ready'] {
    return this.#own('ready', this.#live);
  }

  get run(): Context['run'] {
    return this.#own('run', this.#live);
  }

  get status(): Context['status'] {
    return this.#own('status', this.#live);
  }

  get onReconfigure(): Context['onReconfigure'] {
    return this.#own('onReconfigure', this.#live);
  }

  get onShutdown(): Context['onShutdown'] {
    return this.#own('onShutdown', this.#live);
  }

  get handle(): Context['handle'] {
    return this.#own('handle', this.#bus);
  }

  get register(): Context['register'] {
    return this.#own('register', this.#live);
  }

  get request(): Context['request'] {
    return this.#own('request', this.#bus);
  }

  get stream(): Context['stream'] {
    return this.#own('stream', this.#bus);
  }

  get publish(): Context['publish'] {
    return this.#own('publish', this.#bus);
  }

  get subscribe(): Context['subscribe'] {
    return this.#own('subscribe', this.#bus);
  }

  get onStats(): Context['onStats'] {
    return this.#own('onStats', this.#bus);
  }

  get onSave(): Context['onSave'] {
    return this.#own('onSave', this.#live);
  }

  get hostModules(): Context['hostModules'] {
    return this.#own('hostModules', this.#live);
  }

  #own<Name extends OfBus | OfModule>(name: Name, of: Pick<Context, Name>): Context[Name] {
    const known = this.#bound[name];
    if (known !== undefined) return known;
    const bound: Context[Name] = (of[name] as () => unknown).bind(of) as Context[Name];
    this.#bound[name] = bound;
    return bound;
  }
}
