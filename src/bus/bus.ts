import {
  type Address,
  type Attached,
  type BusClient,
  type BusFromRunner,
  type BusLink,
  type BusPort,
  daemonAddress,
  type Party,
  type ServicesPort,
} from '../model/bus.ts';
import type { BusHeritage } from '../model/bus-heritage.ts';
import { MusterError, toWire } from '../model/error.ts';
import type { Clock, Log } from '../model/ports.ts';
import { Asker, type AskerPorts } from './asker.ts';
import { leaves, passesAway } from './contacts.ts';
import { Directory } from './directory.ts';
import { type Event, Events } from './events.ts';
import { heritageOf, inherit } from './heritage.ts';
import { isEvent, isFromRunner, isTraced } from './incoming.ts';
import { Link } from './link.ts';
import type { Preferred } from './lookup.ts';
import type { Instance } from './module.ts';
import { routeOf } from './question.ts';
import { type RelayPorts, relay, relaySealed } from './relay.ts';
import { countWaiting, Resolving } from './resolving.ts';
import { type OnRequest, Served } from './served.ts';
import { type OnRecords, someClient, Tracers, type TraceWanted } from './tracers.ts';
import { whole } from './whole.ts';

export interface BusOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The module that is to have a service of several providers (`alternatives`); `reconsider` is called when that changes. */
  readonly preferred?: Preferred;
}

/** The daemon's part of the messages: who serves what, and all that does not stay within one runner. */
export interface Bus extends BusPort, ServicesPort {
  client(): BusClient;
  /** Who answers requests of modules to service `muster`. */
  serve(onRequest: OnRequest): void;
  /** Events whose topic matches; returns the function that ends it. */
  subscribe(globs: readonly string[], take: (event: Event) => void): () => void;
  /** For a module that has asked for it, or for a client (null). Throws EPERM or EINVAL for a topic that nobody may publish. */
  publish(topic: string, payload: unknown, from: Pick<Party, 'name' | 'address'> | null): void;
  /** Tells of messages from now on until the signal aborts, some at a time; `dropped` were lost before them. */
  trace(wanted: TraceWanted, onRecords: OnRecords, signal: AbortSignal): void;
  readonly tracers: Pick<Tracers, 'active' | 'record' | 'told'>;
  reconsider(): void;
  /** Begins with no request to service `muster` any more; what is open, and clients, stay. */
  pause(): void;
  resume(): void;
  /** Requests of modules to service `muster` that are open. */
  open(): number;
  /** Ends those. */
  failOpen(error: MusterError): void;
  /** For the next daemon. */
  heritage(): BusHeritage;
  /** What another daemon has handed over, once all runners of it are connected. `resume` is to follow. */
  inherit(heritage: BusHeritage): void;
}

const clientName = 'client';
const strange = 'a runner sent packets that are none, or of others';

export function createBus({ clock, log, preferred = () => null }: BusOptions): Bus {
  const askers = new Map<number, Asker>();
  const directory = new Directory(preferred, log);
  const tracers = new Tracers((address) => directory.instance(address)?.name, clock.now);
  const events = new Events();
  let onRequest: OnRequest = (topic) => {
    throw new MusterError('ENOSYS', `nobody serves ${topic} yet`);
  };
  const served = new Served((...request) => onRequest(...request), tracers);
  const relayPorts: RelayPorts = { directory, served, asker: (address) => askers.get(address) };
  const askerPorts: AskerPorts = { directory, tracers };
  let lastClient = 0;
  const links = new Map<BusLink, Link>();
  const own = addAsker(daemonAddress, 'muster');

  const parts = { directory, events, served, tracers };

  function addAsker(address: number, sender: string): Asker {
    const asker = new Asker(address, sender, askerPorts);
    askers.set(address, asker);
    return asker;
  }

  function ended(instance: Instance): void {
    if (!directory.ended(instance)) return;
    const { address, name, link } = instance;
    const inDaemon = [...instance.askers].filter((asker) => asker <= daemonAddress);
    link.left(address);
    tracers.ended(address, name);
    served.gone(address);
    leaves(instance, name, directory);
    passesAway(instance, directory);
    for (const asker of inDaemon) askers.get(asker)?.gone(address, name);
  }

  function attached(instance: Instance): Attached {
    return {
      begun: () => directory.begun(instance),
      ready: () => directory.ready(instance),
      finalizing: () => directory.finalizing(instance),
      ended: () => ended(instance),
      elsewhere() {
        directory.elsewhere(instance);
        ended(instance);
      },
      rename: (name) => directory.rename(instance, name),
      update: (spec) => directory.update(instance, spec),
    };
  }

  function receive(link: Link, message: BusFromRunner): void {
    switch (message.type) {
      case 'packets': {
        const refused = message.packets.filter((packet) => !relay(packet, link, relayPorts)).length;
        if (refused > 0) log.warn({ refused }, strange);
        break;
      }
      case 'sealed': {
        const refused = relaySealed(message, link, relayPorts);
        if (refused > 0) log.warn({ refused }, strange);
        break;
      }
      case 'events':
        for (const event of message.events) {
          if (isEvent(event) && directory.instance(event[0])?.link === link) events.passOn(event, link);
        }
        break;
      case 'resolve':
        directory.resolve(new Resolving(message, link, { directory, tracers }));
        break;
      case 'waiting':
        link.wait(message);
        break;
      case 'register':
        register(link, message);
        break;
      case 'subscribed':
        events.subscribed(link, message.globs);
        break;
      case 'traced':
        tracers.received(message.records.filter(isTraced), message.dropped);
        break;
    }
  }

  function register(link: Link, { from, call, service }: Extract<BusFromRunner, { type: 'register' }>): void {
    const instance = directory.instance(from);
    let error: unknown = null;
    try {
      if (instance?.link !== link) throw new MusterError('ECANCELED', 'a module that has ended registers nothing');
      directory.register(instance, service);
    } catch (thrown) {
      error = thrown;
    }
    link.send({ type: 'registered', call, error: error === null ? null : toWire(error) });
  }

  function publish(topic: string, payload: unknown, from: string, address: Address): void {
    events.publish(topic, payload, from, address);
    tracers.record({ type: 'event', topic, from: address, to: null, payload });
  }

  return {
    connect(runner, id = ''): BusLink {
      const link = new Link(runner, id);
      events.connect(link);
      tracers.connect(link);
      const busLink: BusLink = {
        receive(message) {
          if (link.closed) return;
          if (isFromRunner(message)) receive(link, message);
          else log.warn({}, 'a runner sent what is no message');
        },
        close() {
          if (link.closed) return;
          for (const instance of [...link.instances]) ended(instance);
          link.closed = true;
          links.delete(busLink);
          events.close(link);
          tracers.close(link);
          directory.forget(link);
        },
      };
      links.set(busLink, link);
      return busLink;
    },
    expect: (name) => directory.expect(name),
    attach(party): Attached {
      const link = links.get(party.link);
      if (link === undefined) throw new MusterError('ECANCELED', `the runner of ${party.name} has ended`);
      return attached(directory.attach(party, link));
    },
    attached(address) {
      const instance = directory.instance(address);
      if (instance === undefined) throw new MusterError('ENOENT', `nobody has address ${address}`);
      return attached(instance);
    },
    request: (topic, payload, options) => whole(own, clock, topic, payload, options),
    route: (service) =>
      new Promise((resolve) => {
        directory.resolve({ prefix: service, link: null, waitsFor: null, settle: (outcome) => resolve(routeOf(outcome)) });
      }),
    client() {
      lastClient += 1;
      const asker = addAsker(-lastClient, clientName);
      return {
        ask: (topic, payload, receiver) => asker.ask(topic, payload, receiver),
        cancel: (id) => asker.cancel(id),
        publish: (topic, payload) => publish(topic, payload, clientName, asker.address),
        close() {
          asker.close();
          askers.delete(asker.address);
        },
      };
    },
    serve(answer) {
      onRequest = answer;
    },
    subscribe: (globs, take) => events.subscribe(globs, take),
    publish: (topic, payload, from) => publish(topic, payload, from?.name ?? clientName, from?.address ?? someClient),
    trace: (wanted, onRecords, signal) => tracers.trace(wanted, onRecords, signal),
    tracers,
    park: (name) => directory.park(name),
    unpark: (name) => directory.unpark(name),
    absent: (name, why) => directory.absent(name, why),
    services: (name) => directory.services(name),
    waiting: (name) => countWaiting(directory.waiters(name)) + [...askers.values()].reduce((sum, asker) => sum + asker.waiting(name), 0),
    reconsider: () => directory.reconsider(),
    pause: () => served.pause(),
    resume: () => served.resume(),
    open: () => served.size,
    failOpen: (error) => served.failAll(error),
    heritage: () => heritageOf(links.values(), lastClient, parts),
    inherit(heritage) {
      lastClient = heritage.lastClient;
      const byId = new Map([...links.values()].map((link) => [link.id, link]));
      inherit(heritage, (runner) => byId.get(runner), parts);
    },
  };
}
