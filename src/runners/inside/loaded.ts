import type { LoadedCall, LoadedModule } from '../../model/context.ts';
import type { ModuleBus } from './bus/realm-bus.ts';
import type { Life } from './life.ts';

/** A module that a service has loaded, as that service has it in hand. */
export class Loaded implements LoadedModule {
  readonly ended: Promise<void>;
  readonly #host: ModuleBus;
  readonly #life: Life;

  constructor(host: ModuleBus, life: Life, ended: Promise<void>) {
    this.#host = host;
    this.#life = life;
    this.ended = ended;
  }

  get name(): string {
    return this.#life.name();
  }

  get config(): LoadedModule['config'] {
    return this.#life.config();
  }

  get takes(): boolean {
    return this.#life.bus.takes;
  }

  handles(method: string): boolean {
    return this.#life.bus.handles(method);
  }

  call(method: string, payload?: unknown): LoadedCall {
    return this.#host.ask(this.#life.bus, method, payload);
  }

  onChange(fn: () => void): void {
    this.#life.onChange = fn;
  }

  beforeReconfigure(fn: (config: LoadedModule['config']) => void | Promise<void>): void {
    this.#life.beforeReconfigure = fn;
  }
}
