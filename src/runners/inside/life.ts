import type { Address } from '../../model/bus.ts';
import type { Context, Main } from '../../model/context.ts';
import type { Fault } from '../../model/driver.ts';
import type { FromModule, Start, Thrown, ToModule } from '../protocol.ts';
import type { ModuleBus, ModuleHere } from './bus/realm-bus.ts';
import { type Code, openCode } from './code.ts';
import { ContextControl, type ContextPorts } from './context.ts';
import { createFaultLog } from './faults.ts';
import type { Guest } from './guest.ts';
import type { Hosting } from './host.ts';
import { loadMain } from './load.ts';
import type { Meter } from './meter.ts';
import type { Surroundings } from './surroundings.ts';
import { toThrown } from './thrown.ts';

/** How a module ended. */
export interface End {
  readonly reason: string;
  readonly thrown: Thrown | null;
  readonly fault?: Fault;
}

export interface LifeOptions {
  readonly id: Address;
  readonly start: Start;
  /** By another module of its thread. */
  readonly hosted: boolean;
  readonly meter: Meter;
}

/** What the lives of a realm have in common. */
export interface RealmOfLife {
  /** Where its messages are; called once. */
  join(module: ModuleHere): ModuleBus;
  post(life: Life, message: FromModule): void;
  run<T>(life: Life, fn: () => T): T;
  surroundingsOf(life: Life, options: LifeOptions): Surroundings;
  hostingOf(life: Life, bus: ModuleBus): Hosting;
  /** Nothing of it is left; called once. */
  over(life: Life, end: End): void;
}

/** One module in a realm, from its load to its end. Thousands may be in one: what few of them need is made when it is asked for. */
export class Life implements ModuleHere, ContextPorts {
  readonly address: Address;
  readonly meter: Meter;
  readonly bus: ModuleBus;
  readonly surroundings: Surroundings;
  /** Told when its name, its config or whether it takes requests has changed. */
  onChange: (() => void) | null = null;
  /** Told of a changed config before the module is; throws to refuse it. */
  beforeReconfigure: ((config: Start['config']) => void | Promise<void>) | null = null;
  /** What it is for the module of this realm that has loaded it. */
  guest: Guest | null = null;
  readonly #start: Start;
  readonly #realm: RealmOfLife;
  readonly #control: ContextControl;
  #name: string;
  #finished = false;
  #told: End | null = null;
  #ofItself = 'main returned';
  #winding: Promise<void> | null = null;
  #code: Code | null = null;
  #saving = 0;
  #hosting: Hosting | null = null;
  /** Another start of it takes its place. */
  #replaced = false;
  #faults: ReturnType<typeof createFaultLog> | null = null;

  constructor(options: LifeOptions, realm: RealmOfLife) {
    const { id, start, meter } = options;
    this.address = id;
    this.meter = meter;
    this.#start = start;
    this.#realm = realm;
    this.#name = start.name;
    this.bus = realm.join(this);
    this.surroundings = realm.surroundingsOf(this, options);
    this.#control = new ContextControl(start, this);
    void this.#live();
  }

  name(): string {
    return this.#name;
  }

  config(): Start['config'] {
    return this.#control.config();
  }

  state(): 'I' | 'R' | 'F' {
    if (this.#winding !== null) return 'F';
    return this.#control.isReady() ? 'R' : 'I';
  }

  run<T>(fn: () => T): T {
    return this.#realm.run(this, fn);
  }

  /** There is nobody to catch it. */
  failed(error: unknown): void {
    this.run(() =>
      process.nextTick(() => {
        throw error;
      }),
    );
  }

  threw(topic: string, error: unknown): void {
    this.#faults ??= createFaultLog((text) => this.write('stderr', text), Date.now);
    this.#faults(topic, error);
  }

  write(stream: 'stdout' | 'stderr', text: string): void {
    this.surroundings.write(stream, text);
  }

  /** Its code may go on for a moment after its end, but does not become ready then. */
  post(message: FromModule): void {
    if (!this.#finished) this.#realm.post(this, message);
  }

  hostModules(own: Parameters<Context['hostModules']>[0]): ReturnType<Context['hostModules']> {
    this.#hosting ??= this.#realm.hostingOf(this, this.bus);
    return this.#hosting.hostModules(own);
  }

  shutDown(): void {
    this.#ofItself = 'shut down';
    this.#leave();
  }

  receive(message: ToModule): void {
    switch (message.type) {
      case 'stop':
        this.#replaced = message.replaced === true;
        if (this.#replaced) this.bus.quiesce();
        this.stop();
        break;
      case 'resume':
        this.#saving += 1;
        this.bus.resume();
        this.onChange?.();
        break;
      case 'rename':
        this.#name = message.name;
        this.onChange?.();
        break;
      case 'reconfigure':
        void this.#reconfigure(message.call, message.config);
        break;
      case 'save':
        void this.#save(message.call);
        break;
    }
  }

  /** Its end is `how`, unless it fails on its way there; without that, `muster` has told it to stop. */
  stop(how: End = { reason: 'stopped', thrown: null }): void {
    this.#told ??= how;
    void this.#windDown();
  }

  /** It threw, or left a rejected promise, where nobody caught it. */
  uncaught(error: unknown, rejected?: Promise<unknown>): void {
    if (!this.#finished && !this.surroundings.hears(error, rejected)) this.end(threw(error));
  }

  exit(code: number): void {
    const reason = `exited with code ${code}`;
    this.end({ reason, thrown: code === 0 ? null : { code: 'EFAILED', message: reason, stack: '' } }, code);
  }

  /** It is over by force: none of its functions is called any more. */
  abandon(): void {
    this.end({ reason: 'terminated', thrown: null }, null);
  }

  /** It is over at once. `code`: as for `Surroundings.close`. */
  end(how: End, code: number | null = 0): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#hosting?.end(how);
    this.bus.leave();
    this.#code?.release();
    this.run(() => this.surroundings.close(code));
    this.#realm.over(this, how);
  }

  async #live(): Promise<void> {
    try {
      const main = await this.#load();
      if (this.#finished) return;
      await this.run(() => main(this.#control.context, [...this.#start.args]));
    } catch (error) {
      if (this.#finished) return;
      const how = threw(error);
      await this.#windDown();
      return this.end(how);
    }
    this.#leave();
    await this.#windDown();
    await this.bus.idle();
    this.end(this.#told ?? { reason: this.#ofItself, thrown: null });
  }

  async #load(): Promise<Main> {
    const code = openCode(this.#start);
    this.#code = code;
    return this.run(() => loadMain(this.#start, code, this.surroundings.own));
  }

  /** It goes by its own will. */
  #leave(): void {
    if (this.#control.isReady() && this.#told === null && this.#winding === null) this.post({ type: 'finalizing' });
    void this.#windDown();
  }

  #windDown(): Promise<void> {
    this.#winding ??= this.#wind();
    return this.#winding;
  }

  async #wind(): Promise<void> {
    const guests = this.#hosting?.stopAll(this.#replaced) ?? null;
    if (guests !== null) await guests;
    this.bus.finalizing();
    this.onChange?.();
    await this.#control.shutDown();
  }

  async #reconfigure(call: number, config: Start['config']): Promise<void> {
    try {
      await this.beforeReconfigure?.(config);
      await this.#control.reconfigure(config);
      this.onChange?.();
      this.post({ type: 'reconfigured', call, thrown: null });
    } catch (error) {
      this.post({ type: 'reconfigured', call, thrown: toThrown(error) });
    }
  }

  /** What it has begun is answered before, so that the state is that after it. Who waits too long calls `resume`. */
  async #save(call: number): Promise<void> {
    this.#saving += 1;
    const turn = this.#saving;
    this.bus.quiesce();
    this.onChange?.();
    try {
      if (this.#control.saves()) await this.bus.idle();
      const state = turn === this.#saving ? await this.#control.save() : null;
      if (turn === this.#saving) this.post({ type: 'saved', call, state, thrown: null });
    } catch (error) {
      if (turn !== this.#saving) return;
      this.bus.resume();
      this.post({ type: 'saved', call, state: null, thrown: toThrown(error) });
    }
  }
}

function threw(error: unknown): End {
  const thrown = toThrown(error);
  return { reason: `threw: ${thrown.message}`, thrown };
}
