import type { Incoming, LoadedCall, Payload } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import type { Asker } from './asker.ts';
import { CallByHand } from './by-hand.ts';
import type { Events } from './events.ts';
import { type Introspection, ownStats } from './introspection.ts';
import type { ModuleBus, ModuleHere } from './realm-bus.ts';
import type { Registrations } from './registrations.ts';
import { request } from './request.ts';
import type { Served } from './served.ts';
import { stream } from './taken-stream.ts';

/** What the modules of a realm share. */
export interface RealmParts {
  readonly asker: Asker;
  readonly events: Events;
  readonly registrations: Registrations;
  /** Called once for each. */
  left(module: ModuleHere): void;
}

/** The messages of one module; what code of it still calls after its end comes to nothing. */
export class ModuleMessages implements ModuleBus {
  readonly #module: ModuleHere;
  readonly #introspection: Introspection;
  readonly #served: Served;
  readonly #realm: RealmParts;
  #over = false;

  constructor(introspection: Introspection, served: Served, realm: RealmParts) {
    this.#module = introspection.module;
    this.#introspection = introspection;
    this.#served = served;
    this.#realm = realm;
  }

  handle<P = Payload>(method: string, fn: (request: Incoming<P>) => unknown): void {
    this.#served.handle(method, fn);
  }

  register(service: string): Promise<void> {
    return this.#over ? ended(this.#module) : this.#realm.registrations.register(this.#module, service);
  }

  request(...[topic, payload, options]: Parameters<ModuleBus['request']>): Promise<Payload> {
    return this.#over ? ended(this.#module) : request(this.#realm.asker, this.#module, topic, payload, options);
  }

  stream(...[topic, payload, options]: Parameters<ModuleBus['stream']>): AsyncIterable<Payload> {
    return this.#over ? nothing(this.#module) : stream(this.#realm.asker, this.#module, topic, payload, options);
  }

  publish(topic: string, payload?: unknown): void {
    if (!this.#over) this.#realm.events.publish(this.#module, topic, payload);
  }

  subscribe(...[glob, fn]: Parameters<ModuleBus['subscribe']>): () => void {
    return this.#over ? () => {} : this.#realm.events.subscribe(this.#module, glob, fn);
  }

  onStats(...[fn]: Parameters<ModuleBus['onStats']>): void {
    this.#introspection.addStats = fn;
  }

  get debugFlags(): number {
    return this.#introspection.debugFlags;
  }

  get takes(): boolean {
    return this.#served.takes;
  }

  handles(method: string): boolean {
    return this.#served.handles(method);
  }

  serve(asker: ModuleHere, method: string, payload: unknown): LoadedCall {
    return new CallByHand(asker, this.#served, method, payload);
  }

  ask(to: ModuleBus, method: string, payload: unknown): LoadedCall {
    return this.#over ? { answer: ended(this.#module), cancel() {} } : to.serve(this.#module, method, payload);
  }

  fallback(method: string, fn: Parameters<ModuleBus['fallback']>[1]): void {
    this.#served.fallback(method, fn);
  }

  ownStats(): Readonly<Record<string, unknown>> {
    return ownStats(this.#introspection);
  }

  settled(): Promise<void> {
    return this.#realm.registrations.settled(this.#module);
  }

  ready(): void {
    this.#served.ready();
  }

  quiesce(): void {
    this.#served.quiesce();
  }

  resume(): void {
    this.#served.resume();
  }

  finalizing(): void {
    this.#served.finalizing();
  }

  idle(): Promise<void> {
    return this.#served.idle();
  }

  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#served.leave();
    this.#realm.asker.leave(this.#module);
    this.#realm.events.leave(this.#module);
    this.#realm.registrations.leave(this.#module);
    this.#realm.left(this.#module);
  }
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
