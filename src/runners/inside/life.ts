import type { Address } from '../../model/bus.ts';
import type { Main } from '../../model/context.ts';
import type { Fault } from '../../model/driver.ts';
import type { FromModule, Start, Thrown, ToModule } from '../protocol.ts';
import type { ModuleBus, ModuleHere } from './bus/realm-bus.ts';
import { openCode } from './code.ts';
import { createContext } from './context.ts';
import { createFaultLog } from './faults.ts';
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

/** One module in a realm, from its load to its end. */
export interface Life {
  readonly id: Address;
  surroundings(): Surroundings;
  name(): string;
  state(): 'I' | 'R' | 'F';
  receive(message: ToModule): void;
  /** Its end is `how`, unless it fails on its way there; without that, `muster` has told it to stop. */
  stop(how?: End): void;
  /** It threw, or left a rejected promise, where nobody caught it. */
  uncaught(error: unknown, rejected?: Promise<unknown>): void;
  exit(code: number): void;
  /** It is over at once. */
  end(end: End): void;
  /** The same by force: none of its functions is called any more. */
  abandon(): void;
  ownStats(): Readonly<Record<string, unknown>>;
  bus(): ModuleBus;
  config(): Start['config'];
  /** Told when its name, its config or whether it takes requests has changed. */
  onChange: (() => void) | null;
  /** Told of a changed config before the module is; throws to refuse it. */
  beforeReconfigure: ((config: Start['config']) => void) | null;
}

export interface LifeOptions {
  readonly id: Address;
  readonly start: Start;
  readonly meter: Meter;
  /** Where its messages are; called once. */
  join(module: ModuleHere): ModuleBus;
  post(message: FromModule): void;
  run<T>(life: Life, fn: () => T): T;
  surroundingsOf(life: Life): Surroundings;
  hostingOf(life: Life, bus: ModuleBus): Hosting;
  /** Nothing of it is left; called once. */
  over(life: Life, end: End): void;
}

export function startLife(options: LifeOptions): Life {
  const { id, start, meter } = options;
  let { name } = start;
  let finished = false;
  let told: End | null = null;
  let ofItself = 'main returned';
  let winding: Promise<void> | null = null;
  let releaseCode = (): void => {};
  let saving = 0;
  const run = <T>(fn: () => T): T => options.run(life, fn);
  /** Its code may go on for a moment after its end, but does not become ready then. */
  const post = (message: FromModule): void => {
    if (!finished) options.post(message);
  };
  /** There is nobody to catch it. */
  const failed = (error: unknown): void =>
    run(() =>
      process.nextTick(() => {
        throw error;
      }),
    );

  const life: Life = {
    id,
    surroundings: () => surroundings,
    name: () => name,
    state: () => (winding !== null ? 'F' : control.isReady() ? 'R' : 'I'),
    receive,
    stop(how = { reason: 'stopped', thrown: null }) {
      told ??= how;
      void windDown();
    },
    uncaught(error, rejected) {
      if (!finished && !surroundings.hears(error, rejected)) end(threw(error));
    },
    exit(code) {
      const reason = `exited with code ${code}`;
      end({ reason, thrown: code === 0 ? null : { code: 'EFAILED', message: reason, stack: '' } }, code);
    },
    end,
    abandon: () => end({ reason: 'terminated', thrown: null }, null),
    ownStats: () => bus.ownStats(),
    bus: () => bus,
    config: () => control.context.config,
    onChange: null,
    beforeReconfigure: null,
  };
  const bus = options.join({
    address: id,
    name: life.name,
    meter,
    run,
    failed,
    threw: createFaultLog((text) => surroundings.write('stderr', text), Date.now),
    shutDown() {
      ofItself = 'shut down';
      leave();
    },
  });
  const surroundings = options.surroundingsOf(life);
  /** Few modules host others. */
  let hosting: Hosting | null = null;
  const { write } = surroundings;
  const hostModules: Hosting['hostModules'] = (own) => {
    hosting ??= options.hostingOf(life, bus);
    return hosting.hostModules(own);
  };
  const control = createContext({ start, name: life.name, bus, post, write, run, failed, hostModules });

  async function live(): Promise<void> {
    try {
      const main = await load();
      if (finished) return;
      await run(() => main(control.context, [...start.args]));
    } catch (error) {
      if (finished) return;
      const how = threw(error);
      await windDown();
      return end(how);
    }
    leave();
    await windDown();
    await bus.idle();
    end(told ?? { reason: ofItself, thrown: null });
  }

  async function load(): Promise<Main> {
    const code = openCode(start);
    releaseCode = code.release;
    return run(() => loadMain(start, code, surroundings.own));
  }

  /** It goes by its own will. */
  function leave(): void {
    if (control.isReady() && told === null && winding === null) post({ type: 'finalizing' });
    void windDown();
  }

  function windDown(): Promise<void> {
    winding ??= (async () => {
      const guests = hosting?.stopAll() ?? null;
      if (guests !== null) await guests;
      bus.finalizing();
      life.onChange?.();
      await control.shutDown();
    })();
    return winding;
  }

  function end(how: End, code: number | null = 0): void {
    if (finished) return;
    finished = true;
    hosting?.end(how);
    bus.leave();
    releaseCode();
    run(() => surroundings.close(code));
    options.over(life, how);
  }

  function receive(message: ToModule): void {
    switch (message.type) {
      case 'stop':
        if (message.replaced === true) bus.quiesce();
        life.stop();
        break;
      case 'resume':
        saving += 1;
        bus.resume();
        life.onChange?.();
        break;
      case 'rename':
        name = message.name;
        life.onChange?.();
        break;
      case 'reconfigure':
        void reconfigure(message.call, message.config);
        break;
      case 'save':
        void save(message.call);
        break;
    }
  }

  async function reconfigure(call: number, config: Start['config']): Promise<void> {
    try {
      life.beforeReconfigure?.(config);
      await control.reconfigure(config);
      life.onChange?.();
      post({ type: 'reconfigured', call, thrown: null });
    } catch (error) {
      post({ type: 'reconfigured', call, thrown: toThrown(error) });
    }
  }

  /** What it has begun is answered before, so that the state is that after it. Who waits too long calls `resume`. */
  async function save(call: number): Promise<void> {
    saving += 1;
    const turn = saving;
    bus.quiesce();
    life.onChange?.();
    try {
      if (control.saves()) await bus.idle();
      const state = turn === saving ? await control.save() : null;
      if (turn === saving) post({ type: 'saved', call, state, thrown: null });
    } catch (error) {
      if (turn !== saving) return;
      bus.resume();
      post({ type: 'saved', call, state: null, thrown: toThrown(error) });
    }
  }

  void live();
  return life;
}

function threw(error: unknown): End {
  const thrown = toThrown(error);
  return { reason: `threw: ${thrown.message}`, thrown };
}
