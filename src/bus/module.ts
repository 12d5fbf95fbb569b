import type { Address, Party } from '../model/bus.ts';
import type { Link } from './link.ts';
import type { Claims } from './services.ts';

/** One start of a module, as it stands on the bus. */
export interface Instance {
  readonly address: Address;
  readonly link: Link;
  readonly provides: readonly string[];
  name: string;
  priority: number;
  control: Party['control'];
  /** One that is attached is asked nothing yet: nobody keeps requests for it. One that starts keeps them. */
  state: 'attached' | 'starting' | 'running' | 'finalizing' | 'ended';
  /** Another instance of the same module runs instead. */
  superseded: boolean;
  /** Counts attachments and parkings: tells which came first. */
  readonly order: number;
  readonly registered: Set<string>;
  /** Runners in which its address is known. */
  readonly knownTo: Set<Link>;
  /** Who asked it, and whom it asked; each is in the other's. */
  readonly askers: Set<Address>;
  readonly asked: Set<Address>;
}

export type Absence = 'died' | 'backingOff' | 'exited';

/** What waits until it is known who serves it. */
export interface Waiter {
  readonly prefix: string;
  /** The runner that waits; null: somebody in the daemon. */
  readonly link: Link | null;
  /** Whose replacement it waits for; kept by who makes it wait. */
  waitsFor: Module | null;
  settle(outcome: Exclude<Outcome, Waits>): void;
}

/** All that the bus knows under one name. */
export interface Module {
  readonly name: string;
  /** Those that have not ended, in order of attachment. */
  readonly instances: Instance[];
  /** How many are on their way that are not attached. */
  expected: number;
  /** Since when it is being replaced; null: it is not. */
  parkedAt: number | null;
  /** What an instance had that ended while the module is being replaced: nobody else gets it before that is over. */
  retained: Map<string, boolean>;
  /** Why there is no instance. */
  absence: Absence | null;
  /** Of the latest instance. */
  priority: number;
  readonly waiters: Set<Waiter>;
}

export type Waits = { readonly type: 'waits'; readonly module: Module };
export type Outcome =
  | { readonly type: 'instance'; readonly service: string; readonly instance: Instance }
  | { readonly type: 'daemon' }
  | Waits
  | { readonly type: 'none'; readonly code: 'ENOSYS' | 'EHOSTUNREACH'; readonly message: string; readonly hint?: string };

export function createModule(name: string): Module {
  return { name, instances: [], expected: 0, parkedAt: null, retained: new Map(), absence: null, priority: 0, waiters: new Set() };
}

/** The latest that runs, else the latest that starts: one that starts beside one that runs gets nothing before it runs. */
export function takingInstance({ instances }: Module): Instance | null {
  const latest = (state: Instance['state']) => instances.findLast((instance) => instance.state === state);
  return latest('running') ?? latest('starting') ?? null;
}

/** Whether a shared service is served by it, or is about to be again. */
export function serves({ instances, parkedAt }: Module): boolean {
  return parkedAt !== null || instances.some(({ state }) => state === 'running');
}

/** Services that the module has in this moment, beside those that `inTheWay` says are another's. */
export function claimsOf(module: Module, inTheWay: (service: string) => boolean): Claims {
  const claims = new Map<string, boolean>();
  const { name, instances, expected, parkedAt, absence, retained } = module;
  const comesBack = expected > 0 || parkedAt !== null || absence === 'backingOff' || absence === 'died';
  if ((instances.length > 0 || comesBack) && !inTheWay(name)) claims.set(name, false);
  for (const [service, declared] of retained) if (!claims.has(service)) claims.set(service, declared);
  for (const instance of instances) {
    if (instance.superseded) continue;
    for (const [service, declared] of servicesOf(instance)) claims.set(service, declared && claims.get(service) !== false);
  }
  claims.delete('');
  return claims;
}

/** Beside its name. */
export function servicesOf({ name, provides, registered }: Instance): Claims {
  const services = new Map<string, boolean>();
  for (const service of registered) services.set(service, false);
  for (const service of provides) services.set(service, true);
  services.delete(name);
  return services;
}
