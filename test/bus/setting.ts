import { type Bus, createBus } from '../../src/bus/bus.ts';
import type { Attached, BusFromRunner, BusLink, BusToRunner, EventPacket, Packet, Party, Receiver } from '../../src/model/bus.ts';
import type { WireError } from '../../src/model/error.ts';
import { open } from '../../src/runners/inside/seal.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { quiet } from '../support/quiet.ts';

/** A bus with runners that only write down what they get. */
export interface Setting {
  readonly bus: Bus;
  readonly clock: FakeClock;
  /** `onPacket` hears of each packet as it comes. */
  runner(onPacket?: (packet: Packet) => void): FakeRunner;
}

export interface FakeRunner {
  readonly link: BusLink;
  readonly got: BusToRunner[];
  /** The prefix of each lookup, by its call. */
  readonly asked: ReadonlyMap<number, string>;
  /** Everything of one kind, in order. */
  of<T extends BusToRunner['type']>(type: T): Extract<BusToRunner, { type: T }>[];
  packets(): Packet[];
  events(): EventPacket[];
  /** `asleep`: its realm has not taken it up. */
  attach(name: string, party?: Partial<Party> & { asleep?: boolean }): FakeInstance;
  say(message: BusFromRunner): void;
  /** Resolves with the answer to a lookup. */
  resolve(from: number, prefix: string): Promise<{ service: string; address: number } | { error: WireError }>;
  register(from: number, service: string): Promise<WireError | null>;
}

export interface FakeInstance extends Attached {
  readonly address: number;
}

let lastAddress = 0;

export function setting(preferred?: (service: string) => string | null): Setting {
  const clock = createFakeClock();
  const bus = createBus({ clock, log: quiet, ...(preferred === undefined ? {} : { preferred }) });
  return { bus, clock, runner: (onPacket) => fakeRunner(bus, onPacket) };
}

function fakeRunner(bus: Bus, onPacket?: (packet: Packet) => void): FakeRunner {
  const got: BusToRunner[] = [];
  const routes = new Map<number, (route: { service: string; address: number } | { error: WireError }) => void>();
  const registrations = new Map<number, (error: WireError | null) => void>();
  const asked = new Map<number, string>();
  let calls = 0;
  const link = bus.connect({
    send(message) {
      got.push(message);
      if (message.type === 'route') routes.get(message.call)?.(message.route);
      if (message.type === 'packets') for (const packet of message.packets) onPacket?.(packet);
      if (message.type === 'registered') registrations.get(message.call)?.(message.error);
    },
    open,
  });
  const of: FakeRunner['of'] = (type) => got.filter((message) => message.type === type) as never;
  return {
    link,
    got,
    asked,
    of,
    packets: () => of('packets').flatMap(({ packets }) => packets),
    events: () => of('events').flatMap(({ events }) => events),
    attach(name, { asleep = false, ...party } = {}) {
      lastAddress += 1;
      const address = lastAddress;
      const attached = bus.attach({ address, name, link, provides: [], priority: 0, control: 'none', ...party });
      if (!asleep) attached.begun();
      return { address, ...attached };
    },
    say: (message) => link.receive(message),
    resolve(from, prefix) {
      calls += 1;
      const call = calls;
      asked.set(call, prefix);
      const answered = new Promise<{ service: string; address: number } | { error: WireError }>((resolve) => routes.set(call, resolve));
      link.receive({ type: 'resolve', from, call, prefix });
      return answered;
    },
    register(from, service) {
      calls += 1;
      const call = calls;
      const answered = new Promise<WireError | null>((resolve) => registrations.set(call, resolve));
      link.receive({ type: 'register', from, call, service });
      return answered;
    },
  };
}

/** What became of one request. */
export interface Heard extends Receiver {
  readonly parts: unknown[];
  readonly ends: ({ payload: unknown } | { code: string; message: string })[];
}

export function listener(room: () => Promise<void> = () => Promise.resolve()): Heard {
  const parts: unknown[] = [];
  const ends: Heard['ends'] = [];
  return {
    parts,
    ends,
    part(payload) {
      parts.push(payload);
      return room();
    },
    send: (payload) => void ends.push({ payload }),
    fail: (error) => void ends.push({ code: (error as { code: string }).code, message: (error as Error).message }),
  };
}

/** Until what was said in this turn has arrived. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
