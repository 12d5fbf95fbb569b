import type { Address, Party, ServicesPort } from '../model/bus.ts';
import type { BusHeritage, ModuleOnBus } from '../model/bus-heritage.ts';
import { MusterError } from '../model/error.ts';
import { nameProblem } from '../model/name.ts';
import type { Log } from '../model/ports.ts';
import { longestTopic } from '../model/topic.ts';
import type { Link } from './link.ts';
import { holderOf, type Known, lookUp, type Preferred } from './lookup.ts';
import { type Absence, claimsOf, createModule, type Instance, type Module, type Outcome, servicesOf, type Waiter } from './module.ts';
import { Routes } from './routes.ts';
import { ServiceTable } from './services.ts';

/** Anybody can ask for what is not there. */
const mostFound = 4096;

/**
 * Who is there, who has which service, and what waits for whom. Each change ends in `#changed`, which brings what follows
 * from it up to date: the claims, the routes that runners were told, and what waits.
 */
export class Directory implements Pick<ServicesPort, 'park' | 'unpark' | 'absent' | 'services'> {
  readonly routes = new Routes();
  #services = new ServiceTable();
  #modules = new Map<string, Module>();
  #instances = new Map<Address, Instance>();
  /** Which module had a service before it died. */
  #lost = new Map<string, Module>();
  /** Where prefixes lead, until something changes. */
  #found = new Map<string, Outcome>();
  #known: Known;
  #log: Log;
  #order = 0;

  constructor(preferred: Preferred, log: Log) {
    this.#known = { services: this.#services, modules: this.#modules, lost: this.#lost, preferred };
    this.#log = log;
  }

  instance(address: Address): Instance | undefined {
    return this.#instances.get(address);
  }

  /** For `inherit` of another daemon. */
  heritage() {
    const lost = [...this.#lost].map(([service, { name }]) => [service, name] as const);
    return { modules: [...this.#modules.values()], instances: [...this.#instances.values()], lost, order: this.#order };
  }

  /** Everything as another daemon had it. Comes before everything else. */
  inherit(modules: readonly ModuleOnBus[], instances: readonly Instance[], { lost, order }: Pick<BusHeritage, 'lost' | 'order'>): void {
    this.#order = order;
    for (const { name, absence, priority } of modules) Object.assign(this.#moduleOf(name), { absence, priority });
    for (const instance of instances) {
      this.#instances.set(instance.address, instance);
      instance.link.instances.add(instance);
      this.#moduleOf(instance.name).instances.push(instance);
    }
    for (const module of [...this.#modules.values()]) this.#changed(module);
    for (const [service, name] of lost) this.#lost.set(service, this.#moduleOf(name));
  }

  waiters(name: string): Iterable<Waiter> {
    return this.#modules.get(name)?.waiters ?? [];
  }

  /** Until what this returns is called, once. */
  expect(name: string): () => void {
    const module = this.#moduleOf(name);
    module.expected += 1;
    this.#changed(module);
    return () => {
      module.expected -= 1;
      if (!module.instances.some(({ state }) => state === 'attached')) this.#changed(module);
    };
  }

  /** Throws EEXIST, and changes nothing, if the name or a service is another module's. */
  attach({ address, name, link: _, provides, priority, control }: Party, link: Link): Instance {
    this.#services.check(name, name, false);
    for (const service of provides) if (service !== name) this.#services.check(service, name, true);
    const module = this.#moduleOf(name);
    this.#order += 1;
    const instance: Instance = {
      address,
      link,
      provides,
      name,
      priority,
      control,
      state: 'attached',
      superseded: false,
      order: this.#order,
      registered: new Set(),
      knownTo: new Set(),
      askers: new Set(),
      asked: new Set(),
    };
    this.#instances.set(address, instance);
    link.instances.add(instance);
    module.instances.push(instance);
    module.priority = priority;
    this.#changed(module);
    return instance;
  }

  /** What waits for its start goes to it. */
  begun(instance: Instance): void {
    if (instance.state !== 'attached') return;
    instance.state = 'starting';
    this.#changed(this.#moduleOf(instance.name));
  }

  /** It takes the place of those that were there before it, with what it has registered and nothing else. */
  ready(instance: Instance): void {
    if (instance.state !== 'attached' && instance.state !== 'starting') return;
    instance.state = 'running';
    const module = this.#moduleOf(instance.name);
    // Until now it may end as the one before it did.
    this.#setAbsence(module, null);
    for (const other of module.instances) if (other.order < instance.order) other.superseded = true;
    module.retained.clear();
    this.#changed(module);
  }

  finalizing(instance: Instance): void {
    if (instance.state === 'ended') return;
    instance.state = 'finalizing';
    this.#changed(this.#moduleOf(instance.name));
  }

  /** False: that is known already. */
  ended(instance: Instance): boolean {
    if (instance.state === 'ended') return false;
    const died = instance.state === 'running';
    instance.state = 'ended';
    this.#instances.delete(instance.address);
    instance.link.instances.delete(instance);
    const module = this.#moduleOf(instance.name);
    module.instances.splice(module.instances.indexOf(instance), 1);
    const services = servicesOf(instance);
    if (module.parkedAt !== null) {
      if (!instance.superseded) for (const [service, declared] of services) module.retained.set(service, declared);
    } else if (died && module.instances.length === 0) {
      this.#setAbsence(module, 'died');
      for (const service of services.keys()) this.#lost.set(service, module);
    }
    this.#changed(module);
    return true;
  }

  /** Once it has ended, who waits for it finds the service that loads it. */
  elsewhere({ name }: Instance): void {
    this.#setAbsence(this.#moduleOf(name), null);
  }

  rename(instance: Instance, name: string): void {
    if (instance.state === 'ended' || instance.name === name) return;
    const before = this.#moduleOf(instance.name);
    const holder = this.#services.inTheWay(name, before.name, false);
    if (holder !== null && holder !== name) this.#log.warn({ module: name, holder }, 'the name of a module is the service of another');
    before.instances.splice(before.instances.indexOf(instance), 1);
    instance.name = name;
    this.#changed(before);
    const module = this.#moduleOf(name);
    module.instances.push(instance);
    module.priority = instance.priority;
    this.#setAbsence(module, null);
    this.#changed(module);
  }

  update(instance: Instance, { priority, control }: Pick<Party, 'priority' | 'control'>): void {
    instance.priority = priority;
    instance.control = control;
    if (instance.state === 'ended') return;
    const module = this.#moduleOf(instance.name);
    module.priority = priority;
    this.#changed(module);
  }

  /** Throws EINVAL for what is no name, EEXIST, naming the holder, for one that is taken. */
  register(instance: Instance, service: string): void {
    const problem = nameProblem(service);
    if (problem !== null) throw new MusterError('EINVAL', `cannot register "${service.slice(0, longestTopic)}": ${problem}`);
    if (instance.superseded || instance.state === 'ended')
      throw new MusterError('ECANCELED', `${instance.name} runs as another instance now`);
    if (service === instance.name) return;
    this.#services.check(service, instance.name, instance.provides.includes(service));
    instance.registered.add(service);
    this.#changed(this.#moduleOf(instance.name));
  }

  park(name: string): void {
    const module = this.#moduleOf(name);
    if (module.parkedAt !== null) return;
    this.#order += 1;
    module.parkedAt = this.#order;
    this.#changed(module);
  }

  unpark(name: string): void {
    const module = this.#modules.get(name);
    if (module === undefined || module.parkedAt === null) return;
    module.parkedAt = null;
    module.retained.clear();
    this.#changed(module);
  }

  absent(name: string, why: Parameters<ServicesPort['absent']>[1]): void {
    const module = this.#modules.get(name);
    if (why === 'removed' && module === undefined) return;
    const target = module ?? this.#moduleOf(name);
    this.#setAbsence(target, why === 'removed' ? null : why);
    this.#changed(target);
  }

  /** It is not there yet. Or soon takes no more: it is told to stop, or another instance of its module is on its way. */
  takesNone({ name, order, state }: Instance): boolean {
    if (state === 'attached' || state === 'finalizing') return true;
    const parkedAt = this.#modules.get(name)?.parkedAt ?? null;
    return parkedAt !== null && order < parkedAt;
  }

  services(name: string): readonly string[] {
    const held = [...this.#services.of(name).keys()].filter((service) => service !== name && holderOf(service, this.#known)?.name === name);
    return held.sort();
  }

  /** The alternatives have changed. */
  reconsider(): void {
    this.#found.clear();
    this.routes.changed(this.#services.all(), this.#addressOf);
  }

  lookUp(prefix: string): Outcome {
    if (prefix.length > longestTopic) return { type: 'none', code: 'ENOSYS', message: 'nobody serves a topic of that length' };
    let outcome = this.#found.get(prefix);
    if (outcome === undefined) {
      outcome = lookUp(prefix, this.#known);
      if (this.#found.size >= mostFound) this.#found.clear();
      this.#found.set(prefix, outcome);
    }
    return outcome;
  }

  /** Settles the waiter now or, where a module is being replaced, once that is over. */
  resolve(waiter: Waiter): void {
    const outcome = this.lookUp(waiter.prefix);
    waiter.waitsFor = outcome.type === 'waits' ? outcome.module : null;
    if (outcome.type === 'waits') outcome.module.waiters.add(waiter);
    else waiter.settle(outcome);
  }

  /** The runner is gone, and every instance in it. */
  forget(link: Link): void {
    this.routes.forget(link);
    for (const { knownTo } of this.#instances.values()) knownTo.delete(link);
    for (const module of [...this.#modules.values()]) {
      for (const waiter of module.waiters) if (waiter.link === link) module.waiters.delete(waiter);
      this.#forgetIfEmpty(module);
    }
  }

  /** It is not to be settled any more. */
  drop(waiter: Waiter): void {
    const { waitsFor } = waiter;
    if (waitsFor?.waiters.delete(waiter) === true) this.#forgetIfEmpty(waitsFor);
  }

  #setAbsence(module: Module, why: Absence | null): void {
    module.absence = why;
    if (why === 'died' || why === 'backingOff') return;
    for (const [service, other] of this.#lost) if (other === module) this.#lost.delete(service);
  }

  #moduleOf(name: string): Module {
    const module = this.#modules.get(name) ?? createModule(name);
    this.#modules.set(name, module);
    return module;
  }

  #changed(module: Module): void {
    const before = this.#services.of(module.name);
    const claims = claimsOf(module, (service) => this.#services.inTheWay(service, module.name, false) !== null);
    this.#services.set(module.name, claims);
    this.#found.clear();
    this.routes.changed(new Set([module.name, ...before.keys(), ...claims.keys()]), this.#addressOf);
    const waiters = [...module.waiters];
    module.waiters.clear();
    for (const waiter of waiters) this.resolve(waiter);
    this.#forgetIfEmpty(module);
  }

  #forgetIfEmpty({ name, instances, expected, parkedAt, absence, waiters }: Module): void {
    if (instances.length === 0 && expected === 0 && parkedAt === null && absence === null && waiters.size === 0) this.#modules.delete(name);
  }

  #addressOf = (prefix: string): Address | null => {
    const outcome = this.lookUp(prefix);
    return outcome.type === 'instance' ? outcome.instance.address : null;
  };
}
