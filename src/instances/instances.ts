import type { ServicesPort } from '../model/bus.ts';
import type { Driver } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { Kind } from '../model/fields/table.ts';
import type { InstanceEvent, Instances, ReplaceOutcome, Target } from '../model/instances.ts';
import type { Loaded } from '../model/module.ts';
import { byName } from '../model/name.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import { type Alternatives, loaderOf, providers } from '../model/requires.ts';
import { Durations } from './durations.ts';
import { followServices } from './follow-service.ts';
import { guestsOf } from './guests.ts';
import { byStart, handOver, inherit, isSteady } from './handover.ts';
import { wellnessOf } from './health.ts';
import type { InstanceHeritage } from './heritage.ts';
import type { Inspect } from './inspect.ts';
import { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';
import { reconfigureInstance } from './reconfigure.ts';
import { recordOf } from './record.ts';
import { replaceInstance } from './replace.ts';
import { needsOf } from './requires.ts';
import type { Run } from './run.ts';
import { StopAll } from './stop-all.ts';
import { viewOf } from './view.ts';

export interface InstancesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly drivers: Partial<Record<Kind, Driver>>;
  readonly log: Log;
  /** Size and SHA-1 of entry files for views; without it they are null. */
  readonly inspect?: Inspect;
  /** The bus; without it nobody asks modules anything. */
  readonly services?: ServicesPort;
  /** Which provider has a service, where the config says so; for views and the order of stops. */
  readonly alternatives?: () => Alternatives;
}

export type OwnedInstances = Instances & {
  /** Kills whatever runs and resolves when it is gone. Idempotent; nothing can be loaded after it. */
  dispose(): Promise<void>;
  /** Why they cannot be handed over now, by name; empty: they can. */
  unsteady(): string[];
  /** Hands all over to the next daemon in this very turn; `left` resolves when nothing of them is needed here any more. */
  handOver(): { readonly heritage: readonly InstanceHeritage[]; readonly left: Promise<unknown> };
  /** What another daemon has handed over. */
  inherit(heritage: readonly InstanceHeritage[]): void;
};

/** The loaded set (see `model/instances.ts`). */
export function createInstances(options: InstancesOptions): OwnedInstances {
  const { clock, random, drivers, log, inspect = () => null, services = noServices, alternatives = () => noAlternatives } = options;
  const table = new Map<string, Instance>();
  const listeners = new Set<(event: InstanceEvent) => void>([followServices(table, alternatives)]);
  const starts = new Durations();
  const reloads = new Durations();
  let snapshot: ReadonlyMap<string, Loaded> | null = null;
  let closing = false;
  let disposed: Promise<void> | null = null;

  const ports: InstancePorts = {
    clock,
    random,
    log,
    services,
    driverOf: ({ desired }) => driverOf(desired.kind),
    mayStart: (spec) => {
      const service = loaderOf(spec);
      const host = service === null ? undefined : table.get(providers(table, alternatives())(service));
      return host === undefined || host.standing.state === 'R';
    },
    emit,
    starts,
    forget: (name) => {
      table.delete(name);
      snapshot = null;
    },
  };

  return {
    snapshot: () => {
      for (const instance of table.values()) if (snapshot?.get(instance.name) !== instance.loaded()) snapshot = null;
      snapshot ??= new Map([...table.values()].map((instance) => [instance.name, instance.loaded()]));
      return snapshot;
    },
    get: (name) => table.get(name)?.loaded(),
    view: (name) => {
      const instance = table.get(name);
      return instance === undefined ? undefined : views([instance])[0];
    },
    views: () => views([...table.values()].sort(byName)),
    wellness: (name) => {
      const instance = table.get(name);
      return instance === undefined ? 'down' : wellnessOf(instance);
    },
    output: (name) => table.get(name)?.output() ?? [],
    refresh: async (wanted) => {
      await Promise.all(Object.values(drivers).map((driver) => driver.refresh?.(wanted)));
    },
    figures: (name) => table.get(name)?.run?.launched.figures?.() ?? {},
    durations: () => ({ starts: starts.read(), reloads: reloads.read() }),
    cgroup: (name) => runOf(name).launched.cgroup?.() ?? null,
    stats: async (name) => runOf(name).launched.stats(),
    clearStats: async (name) => runOf(name).launched.clearStats(),
    rusage: async (name, who) => runOf(name).launched.rusage(who),
    wire: (name) => table.get(name)?.run?.launched.wire?.() ?? null,
    trigger: async (name, action, param, wanted) => {
      const { trigger } = runOf(name).launched;
      if (trigger !== undefined) return trigger(action, param, wanted);
      throw new MusterError('ENOSYS', `${name} is no package with actions`, {
        hint: `muster request asks modules, muster signal commands`,
      });
    },

    restore: (record, finished) => {
      if (table.has(record.name)) throw new MusterError('EEXIST', `module ${record.name} is already loaded`);
      const instance = new Instance(Object.freeze({ ...record }), ports);
      table.set(record.name, instance);
      instance.list('restored', finished);
    },

    load: async (target) => {
      const { name } = target.desired;
      driverOf(target.desired.kind);
      for (let busy = running(name); busy !== null; busy = running(name)) {
        if (busy.standing.state !== 'F') throw new MusterError('EEXIST', `module ${name} is already loaded`);
        await busy.runs.gone();
      }
      checkOpen(name);
      const instance = table.get(name) ?? create(target);
      const turn = ++instance.turn;
      try {
        await instance.start(target);
      } catch (error) {
        if (instance.turn === turn && target.origin !== 'config') await instance.stop(`${name} did not start`, { forget: true });
        throw error;
      }
    },

    remove: async (name, { cancel = false } = {}) => {
      const instance = table.get(name);
      if (instance === undefined) return;
      instance.turn += 1;
      await instance.stop('removed', { cancel, forget: true });
    },

    replace: async (name, target, { force = false } = {}): Promise<ReplaceOutcome> => {
      const instance = listed(name);
      driverOf(target.desired.kind);
      checkOpen(name);
      const begun = clock.now();
      const outcome = await replaceInstance(instance, target, force, {
        ...ports,
        guestsOf: (host) => guestsOf(table, alternatives(), host),
      });
      const calledOff = outcome.status === 'failed' && outcome.error.code === 'ECANCELED';
      if (!calledOff) reloads.add(target.desired.kind, outcome.status, clock.now() - begun);
      return outcome;
    },

    reconfigure: async (name, target, { reread = false } = {}) => reconfigureInstance(listed(name), target, reread, clock),

    rename: (from, target) => {
      const { name } = target.desired;
      const instance = listed(from);
      if (table.has(name)) throw new MusterError('EEXIST', `module ${name} is already loaded`);
      table.delete(from);
      table.set(name, instance);
      instance.rename(target);
    },

    adopt: (name, target) => listed(name).become(target),

    unstartable(name, reason) {
      const instance = table.get(name);
      if (instance === undefined || instance.standing.state !== 'E') return;
      instance.started = true;
      instance.standing.failed = true;
      instance.status.set('error', reason);
      emit({ type: 'state', name, from: 'E', to: 'E', failed: true, reason, lastExit: instance.lastExit });
    },

    halt: async (name, { cancel = false } = {}) => {
      const instance = listed(name);
      instance.turn += 1;
      await instance.stop('stopped by hand', { cancel, byHand: true });
    },

    signal: (name, signal) => {
      runOf(name, 'ENOENT').launched.signal(signal);
    },

    stopAll,

    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    unsteady: () => [...table.values()].filter((instance) => !isSteady(instance)).map(({ name }) => name),
    handOver() {
      closing = true;
      const given = [...table.values()].map(handOver);
      listeners.clear();
      return { heritage: given.map(({ heritage }) => heritage), left: Promise.allSettled(given.map(({ left }) => left)) };
    },
    inherit(heritage) {
      for (const from of [...heritage].sort(byStart)) {
        const instance = new Instance(Object.freeze({ ...from.record }), ports);
        table.set(instance.name, instance);
        inherit(instance, from, ports);
      }
      snapshot = null;
    },

    dispose: () => {
      disposed ??= (async () => {
        const { done, now } = stopAll([]);
        now();
        await done;
        listeners.clear();
      })();
      return disposed;
    },
  };

  function driverOf(kind: Kind): Driver {
    const driver = drivers[kind];
    if (driver === undefined) throw new MusterError('ENOSYS', `modules of kind ${kind} cannot be run here`);
    return driver;
  }

  /** A listener that throws must not stop a module from being what it is. */
  function emit(event: InstanceEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        log.error({ module: event.name, event: event.type, error }, 'a listener to module events threw');
      }
    }
  }

  function views(of: readonly Instance[]) {
    const now = clock.now();
    const needs = needsOf(table, alternatives());
    const serves = (name: string) => standingOf(name)?.state === 'R' || standingOf(name)?.finished != null;
    const since = (name: string) => standingOf(name)?.since ?? null;
    return of.map((instance) => viewOf(instance, { now, inspect, needs, services, serves, since }));
  }

  function standingOf(name: string) {
    return table.get(name)?.standing;
  }

  function listed(name: string): Instance {
    const instance = table.get(name);
    if (instance === undefined) throw new MusterError('ENOENT', `no module "${name}" is loaded`, { hint: 'muster list' });
    return instance;
  }

  function runOf(name: string, code: 'ENOENT' | 'ENOSYS' = 'ENOSYS'): Run {
    const { run } = listed(name);
    if (run === null) throw new MusterError(code, `module ${name} is not running`, { hint: `muster info ${name} tells why` });
    return run;
  }

  function checkOpen(name: string): void {
    if (closing) throw new MusterError('ECANCELED', `${name} is not started: the daemon is stopping`);
  }

  function running(name: string): Instance | null {
    const instance = table.get(name);
    return instance === undefined || instance.run === null ? null : instance;
  }

  function create(target: Target): Instance {
    const instance = new Instance(recordOf(target), ports);
    table.set(instance.name, instance);
    return instance;
  }

  function stopAll(order: readonly string[], options: { keep?: boolean } = {}) {
    closing = true;
    for (const instance of table.values()) instance.turn += 1;
    const stopping = new StopAll(table, needsOf(table, alternatives()), order, options);
    return { done: stopping.done, now: () => stopping.now() };
  }
}

const noAlternatives: Alternatives = new Map();
const noServices: ServicesPort = { park() {}, unpark() {}, absent() {}, services: () => [], waiting: () => 0 };
