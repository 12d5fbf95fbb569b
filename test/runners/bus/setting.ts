import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { vi } from 'vitest';
import type { Address, Packet, Traced } from '../../../src/model/bus.ts';
import type { WireError } from '../../../src/model/error.ts';
import { globMatches } from '../../../src/model/glob.ts';
import { createRealmBus, type ModuleBus, type RealmBus } from '../../../src/runners/inside/bus/realm-bus.ts';
import {
  createCreditsBuffer,
  createMeterBuffer,
  type EventCredits,
  type Meter,
  openCredits,
  openMeter,
} from '../../../src/runners/inside/meter.ts';
import { open, seal } from '../../../src/runners/inside/seal.ts';
import { createTallyBuffer } from '../../../src/runners/inside/tally.ts';
import type { FromRealm, MeterPlace, RouteHere } from '../../../src/runners/protocol.ts';

/** One module in a realm, with what its realm is told of it. */
export interface Member {
  readonly name: string;
  readonly address: Address;
  readonly bus: ModuleBus;
  readonly meter: Meter;
  readonly place: MeterPlace;
  readonly realm: TestRealm;
  readonly failures: unknown[];
  shutDowns: number;
}

export interface TestRealm {
  readonly bus: RealmBus;
  /** As they come from another runner. */
  packets(packets: readonly Packet[]): void;
  readonly credits: EventCredits;
  /** All that it posted to its runner. */
  readonly posted: FromRealm[];
  globs: readonly string[];
}

/** Realms with real ports between them, and a runner that does the simplest that a runner and the daemon can do. */
export interface World extends Disposable {
  realm(): TestRealm;
  join(realm: TestRealm, name: string, options?: { ready?: boolean }): Member;
  /** Services beside the names of those that joined. */
  readonly services: Map<string, Member>;
  /** Names whose lookups wait until `unpark`. */
  park(name: string): void;
  unpark(name: string): void;
  /** Requests go through the runner instead of a port. */
  relayed: boolean;
  /** Events are not taken off the hands of publishers. */
  holdEvents: boolean;
  readonly traced: Traced[];
  readonly waiting: { from: Address; prefix: string; count: number }[];
  leave(member: Member): void;
  gone(member: Member): void;
  stale(prefixes: readonly string[]): void;
}

export function createWorld(): World {
  const realms: TestRealm[] = [];
  const members = new Map<Address, Member>();
  const ports: MessagePort[] = [];
  const introduced = new Set<string>();
  const parked = new Map<string, (() => void)[]>();
  const buffer = createMeterBuffer();
  let addresses = 0;

  const world: World = {
    services: new Map(),
    relayed: false,
    holdEvents: false,
    traced: [],
    waiting: [],
    realm() {
      const credits = openCredits(createCreditsBuffer());
      const posted: FromRealm[] = [];
      const realm: TestRealm = {
        bus: createRealmBus({
          credits,
          now: Date.now,
          post(message) {
            posted.push(message);
            receive(realm, message);
          },
        }),
        packets(packets) {
          for (const sealed of seal(packets, () => {})) realm.bus.sealed(sealed);
        },
        credits,
        posted,
        globs: [],
      };
      realms.push(realm);
      return realm;
    },
    join(realm, name, { ready = true } = {}) {
      addresses += 1;
      const place = { buffer, index: addresses };
      const meter = openMeter(place);
      const failures: unknown[] = [];
      const bus = realm.bus.join({
        address: addresses,
        name: () => name,
        meter,
        run: (fn) => fn(),
        failed: (error) => void failures.push(error),
        threw() {},
        shutDown: () => {
          member.shutDowns += 1;
        },
      });
      const member: Member = { name, address: addresses, bus, meter, place, realm, failures, shutDowns: 0 };
      members.set(addresses, member);
      world.services.set(name, member);
      if (ready) bus.ready();
      return member;
    },
    park: (name) => void parked.set(name, []),
    unpark(name) {
      const waiting = parked.get(name) ?? [];
      parked.delete(name);
      for (const resolve of waiting) resolve();
    },
    leave(member) {
      if (world.services.get(member.name) === member) world.services.delete(member.name);
      member.bus.leave();
      members.delete(member.address);
    },
    gone({ address, name }) {
      for (const { bus } of realms) bus.gone(address, name);
    },
    stale(prefixes) {
      for (const { bus } of realms) bus.stale(prefixes);
    },
    [Symbol.dispose]() {
      for (const port of ports) port.close();
    },
  };

  function receive(realm: TestRealm, message: FromRealm): void {
    setImmediate(() => {
      switch (message.type) {
        case 'resolve':
          return resolve(realm, message.call, message.prefix);
        case 'waiting':
          return void world.waiting.push({ from: message.from, prefix: message.prefix, count: message.count });
        case 'register':
          return realm.bus.registered(message.call, register(message.from, message.service));
        case 'sealed':
          for (const packet of open(structuredClone(message))) relay(packet);
          return;
        case 'events':
          if (!world.holdEvents) realm.credits.published.add(message.events.length);
          for (const { globs, bus } of realms) {
            bus.events(structuredClone(message.events.filter(([, topic]) => globs.some((glob) => globMatches(glob, topic)))));
          }
          return;
        case 'subscribed':
          realm.globs = message.globs;
          return;
        case 'traced':
          world.traced.push(...message.records);
      }
    });
  }

  /** As the daemon does, what is for somebody who is gone goes back. */
  function relay(packet: Packet): void {
    const [kind, to, from, id] = packet;
    const receiver = members.get(to);
    if (kind === 'request') receiver?.meter.queue(1);
    if (receiver !== undefined) receiver.realm.packets([packet]);
    else if (kind === 'request') members.get(from)?.realm.packets([['moved', from, to, id, packet[5], packet[6]]]);
  }

  function resolve(realm: TestRealm, call: number, prefix: string): void {
    const name = prefix.split('.')[0] ?? '';
    const waiting = parked.get(name);
    if (waiting !== undefined) waiting.push(() => realm.bus.route(call, routeTo(realm, prefix)));
    else realm.bus.route(call, routeTo(realm, prefix));
  }

  function routeTo(realm: TestRealm, prefix: string): RouteHere {
    for (let service = prefix; ; service = service.slice(0, service.lastIndexOf('.'))) {
      const member = world.services.get(service);
      if (member !== undefined) return viaOf(realm, service, member);
      if (!service.includes('.')) return { error: { code: 'ENOSYS', message: `nobody serves ${prefix}` } };
    }
  }

  function viaOf(realm: TestRealm, service: string, { address, realm: other, place }: Member): RouteHere {
    if (world.relayed) return { service, address, via: { type: 'relay' } };
    if (other === realm) return { service, address, via: { type: 'here' } };
    introduce(realm, other);
    return { service, address, via: { type: 'realm', realm: realms.indexOf(other), meter: place } };
  }

  function introduce(one: TestRealm, other: TestRealm): void {
    const [a, b] = [realms.indexOf(one), realms.indexOf(other)].sort((x, y) => x - y) as [number, number];
    if (introduced.has(`${a}-${b}`)) return;
    introduced.add(`${a}-${b}`);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const [there, back] = [createTallyBuffer(), createTallyBuffer()];
    realms[a]?.bus.peer({ realm: b, port: port1, sent: there, received: back });
    realms[b]?.bus.peer({ realm: a, port: port2, sent: back, received: there });
    // Outside of a realm nothing else keeps the thread alive.
    port1.ref();
    port2.ref();
  }

  function register(from: Address, service: string): WireError | null {
    const holder = world.services.get(service);
    if (holder !== undefined) return { code: 'EEXIST', message: `${service} is held by ${holder.name}` };
    world.services.set(service, members.get(from) as Member);
    return null;
  }

  return world;
}

/** What a promise is rejected with, which it has to be. */
export async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const thrown = await promise.then(
    (value) => new Error(`it was fulfilled with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  const { code = '', message } = thrown as Error & { code?: string };
  return { code, message };
}

/** After everything that is under way in this process has arrived. */
export async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until the check passes, also where the machine is busy. */
export function until(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 60_000, interval: 2 });
}
