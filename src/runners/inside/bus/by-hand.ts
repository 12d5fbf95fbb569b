import type { Packet } from '../../../model/bus.ts';
import type { LoadedCall } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import { errorOf } from './fault.ts';
import type { Outlet } from './outlet.ts';
import type { ModuleHere } from './realm-bus.ts';
import type { Served } from './served.ts';

/** Those of messages count upwards. */
let ids = 0;

/** A request to one start of a module of this realm. What is given and what comes back are not copied. */
export class CallByHand implements LoadedCall, Outlet {
  readonly kind = 'hand';
  readonly answer: Promise<unknown>;
  readonly #owner: ModuleHere;
  readonly #served: Served;
  readonly #id: number;
  readonly #topic: string;
  #resolve: (value: unknown) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(owner: ModuleHere, served: Served, method: string, payload: unknown) {
    const { address } = served.module;
    const service = served.module.name();
    ids -= 1;
    this.#id = ids;
    this.#topic = `${service}.${method}`;
    this.#owner = owner;
    this.#served = served;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    owner.meter.sent('request');
    served.call(['request', address, owner.address, ids, service, this.#topic, payload, owner.name()], this);
  }

  /** The way back. */
  add(packet: Packet): void {
    this.#owner.meter.received('response');
    if (packet[0] === 'answer') this.#resolve(packet[4]);
    else this.#reject(errorOf(packet[4]));
  }

  /** Like what a Context has it needs no `this`. */
  readonly cancel = (): void => {
    this.#served.cancel(this.#owner.address, this.#id);
    this.#reject(new MusterError('ECANCELED', `${this.#topic} was canceled`));
  };
}
