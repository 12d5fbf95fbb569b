import type { Address } from '../../../model/bus.ts';
import type { Incoming } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import type { Calls } from './calls.ts';
import { faultOf } from './fault.ts';
import type { Outlet } from './outlet.ts';
import { take } from './payload.ts';
import type { ModuleHere } from './realm-bus.ts';
import type { SentStream } from './sent-stream.ts';
import type { Tap } from './tap.ts';

/** Who asked, and the way back. */
export interface Asked {
  readonly outlet: Outlet;
  readonly asker: Address;
  readonly id: number;
  readonly topic: string;
}

/** One request that a module has begun with, until its end: an answer, a failure, or that nobody waits for it any more. */
export class Call {
  readonly module: ModuleHere;
  readonly asked: Asked;
  over = false;
  /** Where it stands while it is answered later. */
  calls: Calls | null = null;
  stream: SentStream | null = null;
  readonly #tap: Tap;
  #abort: AbortController | null = null;
  #aborted: unknown = null;

  constructor(module: ModuleHere, asked: Asked, tap: Tap) {
    this.module = module;
    this.asked = asked;
    this.#tap = tap;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#aborted !== null) this.#abort.abort(this.#aborted);
    }
    return this.#abort.signal;
  }

  /** `ended`: the response was a stream, and this is its end. */
  answer(value: unknown, ended: boolean): void {
    if (this.over) return;
    const { outlet, asker, id, topic } = this.asked;
    try {
      const byHand = outlet.kind === 'hand';
      const { payload, size } = byHand ? { payload: value, size: 0 } : take(value, `the response to ${topic}`);
      this.#finish();
      const { address } = this.module;
      outlet.add(ended ? ['answer', asker, address, id, payload, true] : ['answer', asker, address, id, payload], size);
      if (this.#tap.on !== null) this.#tap.response(address, this.asked, byHand ? undefined : payload);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Throws what `take` does. */
  part(value: unknown): void {
    const { outlet, asker, id, topic } = this.asked;
    const { payload, size } = take(value, `a part of the response to ${topic}`);
    const { address, meter } = this.module;
    meter.sent('response');
    outlet.add(['part', asker, address, id, payload], size);
    if (this.#tap.on !== null) this.#tap.response(address, this.asked, payload, { more: true });
  }

  fail(thrown: unknown): void {
    if (this.over) return;
    const { outlet, asker, id, topic } = this.asked;
    const error = faultOf(thrown);
    this.#finish();
    const { address } = this.module;
    outlet.add(['failure', asker, address, id, error]);
    this.module.threw(topic, thrown);
    if (this.#tap.on !== null) this.#tap.response(address, this.asked, undefined, { error: error.code });
  }

  /** Nobody waits for it any more: nothing is answered. */
  drop(): void {
    if (this.over) return;
    this.over = true;
    this.calls?.ended(this);
    this.abort('ECANCELED', `${this.asked.topic}: nobody waits for the answer any more`);
    this.stream?.stop();
  }

  /** Tells the module by the signal of the request; it may still answer. */
  abort(code: 'ECANCELED' | 'EHOSTUNREACH', why: string): void {
    if (this.#aborted !== null) return;
    this.#aborted = new MusterError(code, why);
    const { module } = this;
    if (this.#abort !== null) module.run(() => this.#abort?.abort(this.#aborted));
  }

  #finish(): void {
    this.over = true;
    this.module.meter.sent('response');
    this.calls?.ended(this);
  }
}

/** A call as the module sees it. */
export class Request implements Incoming {
  readonly topic: string;
  readonly method: string;
  readonly payload: unknown;
  readonly from: string;
  readonly #call: Call;

  constructor(call: Call, method: string, payload: unknown, from: string) {
    this.topic = call.asked.topic;
    this.method = method;
    this.payload = payload;
    this.from = from;
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }
}
