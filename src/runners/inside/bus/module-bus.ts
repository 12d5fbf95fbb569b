import { MusterError } from '../../../model/error.ts';
import type { Asker } from './asker.ts';
import type { Events } from './events.ts';
import { type Introspection, ownStats } from './introspection.ts';
import type { ModuleBus, ModuleHere } from './realm-bus.ts';
import type { Registrations } from './registrations.ts';
import { request } from './request.ts';
import type { Served } from './served.ts';
import { stream } from './taken-stream.ts';

export interface ModuleParts {
  readonly module: ModuleHere;
  readonly introspection: Introspection;
  readonly served: Served;
  readonly asker: Asker;
  readonly events: Events;
  readonly registrations: Registrations;
  /** Once. */
  left(): void;
}

/** The messages of one module; what code of it still calls after its end comes to nothing. */
export function createModuleBus({ module, introspection, served, asker, events, registrations, left }: ModuleParts): ModuleBus {
  let over = false;

  return {
    get debugFlags() {
      return introspection.debugFlags;
    },
    handle: (method, fn) => served.handle(method, fn),
    fallback: (method, fn) => served.fallback(method, fn),
    register: (service) => (over ? ended(module) : registrations.register(module, service)),
    settled: () => registrations.settled(module),
    request: (topic, payload, options) => (over ? ended(module) : request(asker, module, topic, payload, options)),
    stream: (topic, payload, options) => (over ? nothing(module) : stream(asker, module, topic, payload, options)),
    publish(topic, payload) {
      if (!over) events.publish(module, topic, payload);
    },
    subscribe: (glob, fn) => (over ? () => {} : events.subscribe(module, glob, fn)),
    onStats(fn) {
      introspection.addStats = fn;
    },
    ownStats: () => ownStats(introspection),
    ready: () => served.ready(),
    quiesce: () => served.quiesce(),
    resume: () => served.resume(),
    finalizing: () => served.finalizing(),
    idle: () => served.idle(),
    leave() {
      if (over) return;
      over = true;
      served.leave();
      asker.leave(module);
      events.leave(module);
      registrations.leave(module);
      left();
    },
  };
}

function ended(module: ModuleHere): Promise<never> {
  const promise = Promise.reject(new MusterError('ECANCELED', `${module.name()} has ended`));
  // Nobody of the module may be left to hear of it.
  promise.catch(() => {});
  return promise;
}

async function* nothing(module: ModuleHere): AsyncGenerator<unknown> {
  yield await ended(module);
}
