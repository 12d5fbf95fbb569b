import { nearest } from '../model/suggest.ts';
import { type Instance, type Module, type Outcome, serves, takingInstance } from './module.ts';
import { type ServiceTable, servicesIn } from './services.ts';

/** The module that is to have a service of several providers, whatever their priorities. */
export type Preferred = (service: string) => string | null;

export interface Known {
  readonly services: ServiceTable;
  readonly modules: ReadonlyMap<string, Module>;
  /** Services of modules that died, and may be there again soon. */
  readonly lost: ReadonlyMap<string, Module>;
  readonly preferred: Preferred;
}

/** Where requests under a prefix go in this moment: to the longest service that it begins with. */
export function lookUp(prefix: string, known: Known): Outcome {
  for (const service of servicesIn(prefix)) {
    if (service === 'muster') return { type: 'daemon' };
    const module = holderOf(service, known);
    if (module !== null) return within(module, service);
  }
  return nobody(prefix, known);
}

/** Of those that have it: one that runs rather than one that does not, then the preferred, the highest priority, the first by name. */
export function holderOf(service: string, { services, modules, preferred }: Known): Module | null {
  let best: Module | null = null;
  for (const name of services.modules(service)) {
    const module = modules.get(name);
    if (module === undefined) continue;
    if (best === null || comesBefore(module, best, preferred, service)) best = module;
  }
  return best;
}

function comesBefore(a: Module, b: Module, preferred: Preferred, service: string): boolean {
  if (serves(a) !== serves(b)) return serves(a);
  const wanted = preferred(service);
  if ((a.name === wanted) !== (b.name === wanted)) return a.name === wanted;
  return a.priority > b.priority || (a.priority === b.priority && a.name < b.name);
}

function within(module: Module, service: string): Outcome {
  const { name, parkedAt, absence } = module;
  const instance = takingInstance(module);
  if (parkedAt !== null && (instance === null || instance.order < parkedAt)) return { type: 'waits', module };
  if (instance !== null) return startsWith(module, instance, service) ?? { type: 'instance', service, instance };
  if (module.expected > 0 || module.instances.some(({ state }) => state === 'attached')) return { type: 'waits', module };
  const what = service === name ? `"${name}"` : `"${name}", which serves ${service},`;
  switch (absence) {
    case 'died':
      return { type: 'none', code: 'EHOSTUNREACH', message: `${what} has ended` };
    case 'backingOff':
      return {
        type: 'none',
        code: 'EHOSTUNREACH',
        message: `${what} has ended and waits for its restart`,
        hint: `muster info ${name} tells why`,
      };
    case 'exited':
      return {
        type: 'none',
        code: 'ENOSYS',
        message: `nobody serves ${service}: "${name}" has ended`,
        hint: `muster info ${name} tells why`,
      };
    default:
      return { type: 'none', code: 'ENOSYS', message: `nobody serves ${service}: "${name}" is being stopped` };
  }
}

/** A service that the next instance has and this one has not waits with the next. */
function startsWith(module: Module, instance: Instance, service: string): Outcome | null {
  const next = module.instances.find(
    ({ state, order, registered }) => state === 'starting' && order > instance.order && registered.has(service),
  );
  return next === undefined || instance.registered.has(service) ? null : { type: 'waits', module };
}

/** With more there is no hint: looking for what is alike takes its time, and anybody can ask for what is not there. */
const mostCompared = 1000;

function nobody(prefix: string, { services, modules, lost }: Known): Outcome {
  for (const service of servicesIn(prefix)) {
    const module = modules.get(service) ?? lost.get(service);
    if (module !== undefined && module.instances.length === 0 && module.absence !== null) return within(module, service);
  }
  if (prefix === '') return { type: 'none', code: 'ENOSYS', message: 'a topic is a service and one word, as in greeter.hello' };
  const [first] = prefix.split('.', 1);
  const known = services.size > mostCompared ? [] : [...services.all()];
  const near = nearest(prefix, known) ?? nearest(first ?? '', known);
  const hint = near === null ? 'muster list shows who is there; commands take no messages' : `did you mean ${near}?`;
  return { type: 'none', code: 'ENOSYS', message: `nobody serves ${prefix}`, hint };
}
