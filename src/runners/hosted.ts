import type { BusPort } from '../model/bus.ts';
import type { Ended, Launch } from '../model/driver.ts';
import { fromWire, MusterError } from '../model/error.ts';
import type { Home } from './home.ts';
import type { RunnerProcess } from './runner-process.ts';

/** A module that others may be loaded by, as they see it. */
export interface PossibleHost {
  /** As it is called now. */
  readonly name: string;
  readonly runner: RunnerProcess;
  readonly ended: Promise<Ended>;
}

export interface HostedOptions {
  readonly launch: Launch;
  readonly service: string;
  readonly bus: BusPort;
  /** The running module at an address. */
  host(address: number): PossibleHost | undefined;
  /** Where another daemon has put it. */
  inherited?: number | null | undefined;
}

/** Nobody waits for it. */
const forgetMs = 10_000;

/**
 * In the realm of the service that loads it. The module is put there first, and then the service is asked to load it: the
 * loader that it has from muster takes up what lies there, one of its own may do as it likes.
 */
export function hostedHome({ launch, service, bus, host, inherited }: HostedOptions): Home {
  const { name, path, args, config, spec } = launch;
  let runner: RunnerProcess | null = null;
  let tellGone: (reason: string) => void = () => {};
  const gone = new Promise<string>((resolve) => {
    tellGone = resolve;
  });
  let at: number | null = inherited ?? null;

  function settle(found: PossibleHost, address: number): void {
    at = address;
    runner = found.runner;
    void found.ended.then(() => tellGone(`its service ${service} ended`));
  }

  const there = at === null ? undefined : host(at);
  if (at !== null && there !== undefined) settle(there, at);

  return {
    alone: false,
    gone,
    host: () => at,
    async place() {
      const route = await bus.route(service);
      if ('error' in route) throw fromWire(route.error);
      const found = route.service === service ? host(route.address) : undefined;
      if (found === undefined) {
        throw new MusterError('ENOSYS', `the service ${service} loads no modules`, { hint: 'only code modules do: ctx.hostModules()' });
      }
      settle(found, route.address);
      return { type: 'host', host: route.address };
    },
    runner() {
      if (runner === null) throw new Error('its place was not asked for');
      return runner;
    },
    load: () => bus.request(`${service}.load`, { name, path, args, config }, { timeout: spec.startTimeout }),
    remove: (current, why) => {
      const { stopTimeout: timeout } = spec;
      // It may have another name by now, and another module its service.
      const loader = (at === null ? undefined : host(at))?.name ?? service;
      return bus.request(`${loader}.remove`, { name: current, why, timeout }, { timeout });
    },
  };
}

/** Tells its service that one which had ended is not loaded any more; who knows nothing of it has nothing to do. */
export function forget(bus: BusPort, service: string, name: string): void {
  bus.request(`${service}.remove`, { name, why: 'removed' }, { timeout: forgetMs }).catch(() => {});
}
