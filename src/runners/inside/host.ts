import type { Context, Dismissed, HostedModule, HostFunctions, ModuleHost } from '../../model/context.ts';
import { MusterError } from '../../model/error.ts';
import type { ModuleBus } from './bus/realm-bus.ts';
import type { Guest } from './guest.ts';
import type { End } from './life.ts';
import { Loaded } from './loaded.ts';

/** What a module hosts. */
export interface Hosting {
  readonly hostModules: Context['hostModules'];
  /**
   * Resolves when nothing is left of what it hosts; null where it hosts nothing. `replaced`: all comes back, and who asks one of
   * them is to wait for that.
   */
  stopAll(replaced: boolean): Promise<unknown> | null;
  /** The module is over, and so is what it hosts. */
  end(how: End): void;
}

export interface HostingOptions {
  /** The name of the module that hosts. */
  name(): string;
  readonly bus: ModuleBus;
  /** Calls a function of the service as its own. */
  run<T>(fn: () => T): T;
  /** What the service was told to do before its end failed. */
  failed(error: unknown): void;
  /** Begins with what muster announced under this name; null: nothing. */
  begin(module: HostedModule): Guest | null;
  /** It is not to be begun with after all; false: nothing is announced under this name. */
  forget(name: string): boolean;
}

export function createHosting({ name: nameOfHost, bus, run, failed, begin, forget }: HostingOptions): Hosting {
  const guests = new Set<Guest>();
  const left = (guest: Guest): boolean => guests.delete(guest);
  let closing = false;
  let beforeStop: HostFunctions['closing'];
  /** Two of one name are there during a reload with overlap: the one that is to go is the older. */
  function find(name: string): Guest | undefined {
    const named = [...guests].filter(({ life }) => life.name() === name);
    return named.find(({ life }) => life.state() !== 'F') ?? named[0];
  }

  const host: ModuleHost = Object.freeze({
    async load(module: HostedModule) {
      const name = nameOf(module);
      if (closing) throw new MusterError('ECANCELED', `"${nameOfHost()}" is being stopped`);
      const guest = begin(module);
      if (guest === null) {
        if (find(name) !== undefined) throw new MusterError('EEXIST', `"${name}" is already loaded`);
        throw new MusterError('ENOENT', `muster announced no module "${name}"`, { hint: `muster load --service ${nameOfHost()} PATH` });
      }
      guests.add(guest);
      guest.onLeft = left;
      await guest.running();
      return guest.loaded;
    },
    async remove(module: Dismissed) {
      const name = nameOf(module);
      const guest = find(name);
      if (guest === undefined && forget(name)) return;
      if (guest === undefined) throw new MusterError('ENOENT', `"${nameOfHost()}" has loaded no module "${name}"`);
      await stop(guest, `stopped by its service ${nameOfHost()}`);
    },
    list: () =>
      [...guests].map(({ life }) => ({ name: life.name(), state: life.state() })).sort((one, other) => (one.name < other.name ? -1 : 1)),
  });

  return {
    hostModules(own = {}) {
      const { load = host.load, remove = host.remove, list = host.list } = own;
      beforeStop = own.closing;
      bus.fallback('load', async ({ payload }) => {
        const result = await load(payload);
        // What the loader hands out is for the service alone.
        return result instanceof Loaded ? undefined : result;
      });
      bus.fallback('remove', ({ payload }) => remove(payload));
      bus.fallback('list', () => list());
      return host;
    },
    stopAll(replaced) {
      closing = true;
      return guests.size === 0 && beforeStop === undefined ? null : stopGuests(replaced);
    },
    end({ reason }) {
      closing = true;
      const message = `"${nameOfHost()}", which had loaded it, has ended: ${reason}`;
      for (const { life } of guests) life.end({ reason: message, thrown: { code: 'EFAILED', message, stack: '' }, fault: 'another' });
    },
  };

  async function stopGuests(replaced: boolean): Promise<void> {
    try {
      await run(() => beforeStop?.());
    } catch (error) {
      failed(error);
    }
    if (replaced) for (const { life } of guests) life.bus.quiesce();
    const reason = `stopped with its service ${nameOfHost()}`;
    await Promise.all([...guests].map((guest) => stop(guest, reason)));
  }
}

/** Anybody can ask a service to remove what it has: where it was not muster, that starts the module again. */
async function stop({ life, over }: Guest, reason: string): Promise<void> {
  life.stop({ reason, thrown: null, fault: 'another' });
  await over;
}

/** Anybody can send a request with anything in it. */
function nameOf(module: unknown): string {
  const name = (module as { name?: unknown } | null | undefined)?.name;
  if (typeof name === 'string') return name;
  throw new MusterError('EINVAL', 'the payload names no module', { hint: '{"name": "gateway.status"}' });
}
