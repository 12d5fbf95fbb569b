import { readlinkSync } from 'node:fs';
import type { Address } from '../../model/bus.ts';
import { MusterError } from '../../model/error.ts';
import type { FromRealm, ToModule, ToRealm } from '../protocol.ts';
import { createAlike } from './alike.ts';
import { createRealmBus, type ModuleBus } from './bus/realm-bus.ts';
import { Guest } from './guest.ts';
import { createHosting } from './host.ts';
import { type End, Life, type RealmOfLife } from './life.ts';
import { type EventCredits, openMeter } from './meter.ts';
import type { Outbox } from './outbox.ts';
import { createScopes } from './scopes.ts';
import { shareThread } from './shared-thread.ts';
import { Part, type PartWays, takeThread } from './surroundings.ts';
import { toThrown } from './thrown.ts';

/** The modules of a thread, from the messages of its runner. */
export interface Realm {
  receive(message: ToRealm): void;
  /** An error, or a rejected promise, that nobody caught. */
  uncaught(error: unknown, rejected?: Promise<unknown>): void;
}

export interface RealmOptions extends Outbox<FromRealm> {
  /** Several live in it, or will; else one, and those it hosts. */
  readonly shared: boolean;
  readonly credits: EventCredits;
  /** Resolves when the output of the thread is passed on. */
  drain(): Promise<unknown>;
}

type StartMessage = Extract<ToRealm, { type: 'start' }>;

const stopped: End = { reason: 'stopped', thrown: null };
const terminated: End = { reason: 'terminated', thrown: null };

export function createRealm({ shared, post, flush, credits, drain }: RealmOptions): Realm {
  const bus = createRealmBus({ post, credits, now: Date.now });
  const scopes = createScopes<Life>();
  const lives = new Map<Address, Life>();
  const alike = createAlike();
  const announced = new Map<Address, StartMessage>();
  const tid = threadId();
  let owner: Life | null = null;
  let several = false;
  if (shared) share();

  const ports: RealmOfLife = {
    join: bus.join,
    run: scopes.run,
    post(life, message) {
      post({ type: 'fromModule', id: life.address, message });
      if (message.type !== 'ready') return;
      flush(); // what it does next may take for ever
      life.guest?.ready();
    },
    surroundingsOf(life, { start, hosted }) {
      lives.set(life.address, life);
      const alone = !shared && !hosted;
      if (alone) owner = life;
      return alone ? takeThread(start) : new Part(start, waysOf(life));
    },
    hostingOf,
    over(life, end) {
      const id = life.address;
      lives.delete(id);
      life.guest?.ended(end);
      if (life === owner) return void endWith(life, end);
      post({ type: 'settled', id, ...end });
    },
  };

  function waysOf(life: Life): PartWays {
    return {
      pass: (stream, chunk) => post({ type: 'output', id: life.address, stream, chunk }),
      exit: (code) => leave(life, code),
    };
  }

  function begin({ id, start, meter, hosted }: StartMessage): Life {
    if (shared || hosted) share();
    post({ type: 'started', id, tid });
    return new Life({ id, start: alike(start), hosted, meter: openMeter(meter) }, ports);
  }

  function share(): void {
    if (several) return;
    several = true;
    scopes.share();
    shareThread(scopes.current);
  }

  function hostingOf(life: Life, moduleBus: ModuleBus) {
    return createHosting({
      name: () => life.name(),
      bus: moduleBus,
      run: (fn) => scopes.run(life, fn),
      failed: (error) => life.surroundings.write('stderr', `error: what was to be done before the end: ${toThrown(error).stack}\n`),
      begin({ name, args, config }) {
        const message = take(name);
        if (message === undefined) return null;
        const { start } = message;
        return new Guest(moduleBus, begin({ ...message, start: { ...start, args: args ?? start.args, config: config ?? start.config } }));
      },
      forget(name) {
        const message = take(name);
        if (message !== undefined) post({ type: 'settled', id: message.id, ...stopped });
        return message !== undefined;
      },
    });
  }

  function take(name: string): StartMessage | undefined {
    for (const [id, message] of announced) {
      if (message.start.name !== name) continue;
      announced.delete(id);
      return message;
    }
    return undefined;
  }

  /** The thread ends with its owner, and so does all that is in it. */
  async function endWith(life: Life, end: End): Promise<void> {
    await drain();
    post({ type: 'settled', id: life.address, ...end });
    process.exit(0);
  }

  return {
    receive(message) {
      switch (message.type) {
        case 'start':
          if (message.hosted) announced.set(message.id, message);
          else begin(message);
          break;
        case 'toModule':
          tellAnnounced(message.id, message.message);
          lives.get(message.id)?.receive(message.message);
          break;
        case 'abandon':
          dismiss(message.id, terminated);
          lives.get(message.id)?.abandon();
          break;
        case 'wrote':
          lives.get(message.id)?.surroundings.wrote(message.bytes);
          break;
        case 'ownStats':
          post({ type: 'ownStats', call: message.call, stats: lives.get(message.id)?.bus.ownStats() ?? {} });
          break;
        case 'peer':
          bus.peer(message);
          break;
        case 'route':
          bus.route(message.call, message.route);
          break;
        case 'stale':
          bus.stale(message.prefixes);
          break;
        case 'gone':
          bus.gone(message.address, message.name);
          break;
        case 'registered':
          bus.registered(message.call, message.error);
          break;
        case 'sealed':
          bus.sealed(message);
          break;
        case 'events':
          bus.events(message.events);
          break;
        case 'tracing':
          bus.tracing(message.tracing);
          break;
      }
    },
    uncaught(error, rejected) {
      const life = scopes.current() ?? owner;
      // Whose it is cannot be known: the thread ends with it.
      if (life === null) throw error;
      life.uncaught(error, rejected);
    },
  };

  /** One that waits to be asked for has a name, and can be given up; nothing else concerns it yet. */
  function tellAnnounced(id: Address, told: ToModule): void {
    const waits = announced.get(id);
    if (waits === undefined) return;
    if (told.type === 'stop') dismiss(id, stopped);
    if (told.type === 'rename') announced.set(id, { ...waits, start: { ...waits.start, name: told.name } });
  }

  function dismiss(id: Address, end: End): void {
    if (announced.delete(id)) post({ type: 'settled', id, ...end });
  }
}

/** Throws what unwinds the module's stack; nobody hears of it any more. */
function leave(life: Life, code: number): never {
  life.exit(code);
  throw new MusterError('ECANCELED', `"${life.name()}" has exited with code ${code}`);
}

/** As the operating system numbers it; null where it does not say so. */
function threadId(): number | null {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return null;
  }
}
