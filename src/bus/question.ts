import { daemonAddress, type Receiver, type Route } from '../model/bus.ts';
import { MusterError, toWire } from '../model/error.ts';
import type { Asker } from './asker.ts';
import type { Instance, Module, Outcome, Waiter, Waits } from './module.ts';
import { prefixOf } from './services.ts';

/** One instance that an asker asks. */
export interface Callee {
  readonly instance: Instance;
  /** Requests that it has not answered. */
  underway: number;
  /** In order; begun with as those are answered. */
  readonly waiting: Set<Question>;
}

/** One request that somebody in the daemon has asked. */
export class Question implements Waiter {
  /** By its asker. */
  id = 0;
  readonly topic: string;
  readonly receiver: Receiver;
  readonly link = null;
  waitsFor: Module | null = null;
  payload: unknown;
  service = '';
  /** Who is to answer; null while that is not known. */
  callee: Callee | null = null;
  /** It is with the callee; else it waits for its turn. */
  sent = false;
  moves = 0;
  /** Parts that the receiver has not taken yet, and those taken that the callee was not told of. */
  untaken = 0;
  taken = 0;
  #asker: Asker;

  constructor(topic: string, payload: unknown, receiver: Receiver, asker: Asker) {
    this.topic = topic;
    this.payload = payload;
    this.receiver = receiver;
    this.#asker = asker;
  }

  get prefix(): string {
    return prefixOf(this.topic);
  }

  settle(outcome: Exclude<Outcome, Waits>): void {
    switch (outcome.type) {
      case 'instance':
        this.#asker.found(this, outcome.service, outcome.instance);
        break;
      case 'daemon':
        this.#asker.notFound(this, new MusterError('EINVAL', `${this.topic}: the daemon does not ask itself`));
        break;
      case 'none':
        this.#asker.notFound(this, errorOf(outcome));
        break;
    }
  }

  fail(error: MusterError): void {
    this.receiver.fail(error);
  }
}

/** Where it leads, as whoever asked for the way is told. */
export function routeOf(outcome: Exclude<Outcome, Waits>): Route {
  switch (outcome.type) {
    case 'instance':
      return { service: outcome.service, address: outcome.instance.address };
    case 'daemon':
      return { service: 'muster', address: daemonAddress };
    case 'none':
      return { error: toWire(errorOf(outcome)) };
  }
}

function errorOf({ code, message, hint }: Extract<Outcome, { type: 'none' }>): MusterError {
  return new MusterError(code, message, hint === undefined ? {} : { hint });
}
