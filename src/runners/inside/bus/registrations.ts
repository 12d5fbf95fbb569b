import { MusterError, type WireError } from '../../../model/error.ts';
import { nameProblem } from '../../../model/name.ts';
import type { FromRealm } from '../../protocol.ts';
import { errorOf } from './fault.ts';
import type { ModuleHere } from './realm-bus.ts';

/** The services that modules of this realm register. */
export interface Registrations {
  /** The same promise for the same service, unless that failed. */
  register(module: ModuleHere, service: string): Promise<void>;
  /** When those under way are settled; rejects with what the first of them fails with. */
  settled(module: ModuleHere): Promise<void>;
  answer(call: number, error: WireError | null): void;
  leave(module: ModuleHere): void;
}

interface Registration {
  readonly module: ModuleHere;
  readonly service: string;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: MusterError) => void;
}

export function createRegistrations(post: (message: FromRealm) => void): Registrations {
  const underway = new Map<number, Registration>();
  const registered = new Map<ModuleHere, Map<string, Promise<void>>>();
  let calls = 0;

  function begin(module: ModuleHere, service: string): Promise<void> {
    let resolve = (): void => {};
    let reject: Registration['reject'] = () => {};
    const promise = new Promise<void>((done, failed) => {
      resolve = done;
      reject = failed;
    });
    calls += 1;
    underway.set(calls, { module, service, promise, resolve, reject });
    post({ type: 'register', from: module.address, call: calls, service });
    return promise;
  }

  return {
    register(module, service) {
      const problem = typeof service === 'string' ? nameProblem(service) : 'a service has a name';
      if (problem !== null) return Promise.reject(new MusterError('EINVAL', problem));
      if (service === module.name()) return Promise.resolve();
      const services = registered.get(module) ?? new Map<string, Promise<void>>();
      const known = services.get(service);
      if (known !== undefined) return known;
      registered.set(module, services);
      const promise = begin(module, service);
      services.set(service, promise);
      return promise;
    },
    async settled(module) {
      await Promise.all([...underway.values()].filter((one) => one.module === module).map(({ promise }) => promise));
    },
    answer(call, error) {
      const registration = underway.get(call);
      if (registration === undefined) return;
      underway.delete(call);
      if (error === null) return registration.resolve();
      registered.get(registration.module)?.delete(registration.service);
      registration.reject(errorOf(error));
    },
    leave(module) {
      registered.delete(module);
      for (const [call, { module: whose, promise, reject, service }] of underway) {
        if (whose !== module) continue;
        underway.delete(call);
        // Nobody of the module is left to hear of it.
        promise.catch(() => {});
        reject(new MusterError('ECANCELED', `${module.name()} ended before it had the service "${service}"`));
      }
    },
  };
}
