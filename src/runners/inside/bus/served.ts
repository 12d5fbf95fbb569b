import type { Address, RequestPacket } from '../../../model/bus.ts';
import type { Incoming } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import { type Asked, Call, Request } from './call.ts';
import { Calls } from './calls.ts';
import { builtins, type Introspection } from './introspection.ts';
import type { Outlet } from './outlet.ts';
import type { ModuleHere } from './realm-bus.ts';
import { isThenable, iteratorOf, SentStream } from './sent-stream.ts';
import type { Tap } from './tap.ts';

export type Handler = (request: Incoming) => unknown;

interface Waiting {
  readonly packet: RequestPacket;
  readonly outlet: Outlet;
}

/**
 * What one module serves. Of the queue in its meter: what comes from elsewhere was added on the way, what comes from its own
 * realm is added here when it has to wait; whoever takes a request out of the queue, for whatever end, takes that one off.
 */
export class Served {
  readonly module: ModuleHere;
  readonly #introspection: Introspection;
  readonly #tap: Tap;
  #handlers: Map<string, Handler> | null = null;
  #fallbacks: Map<string, Handler> | null = null;
  #calls: Calls | null = null;
  #waiting: Waiting[] | null = null;
  #state: 'starting' | 'ready' | 'finalizing' | 'left' = 'starting';
  #quiesced = false;

  constructor(module: ModuleHere, introspection: Introspection, tap: Tap) {
    this.module = module;
    this.#introspection = introspection;
    this.#tap = tap;
    module.meter.open(module.address);
  }

  handle(method: string, fn: Handler): void {
    this.#handlers ??= new Map();
    this.#handlers.set(...checked(method, fn));
  }

  fallback(method: string, fn: Handler): void {
    this.#fallbacks ??= new Map();
    this.#fallbacks.set(...checked(method, fn));
  }

  /** A request has come for it. */
  arrive(packet: RequestPacket, outlet: Outlet): void {
    if (this.#state === 'starting' && !this.#quiesced) {
      if (outlet.kind === 'here') this.module.meter.queue(1);
      this.#waiting ??= [];
      this.#waiting.push({ packet, outlet });
      return;
    }
    if (outlet.kind !== 'here') this.module.meter.queue(-1);
    if (this.#quiesced) moveOn(packet, outlet);
    else this.#begin(packet, outlet);
  }

  /** Whether a request would be begun with now. */
  get takes(): boolean {
    return this.#state === 'ready' && !this.#quiesced;
  }

  handles(method: string): boolean {
    return this.#handlers?.has(method) === true;
  }

  /** A request that never waits, from who has the module itself in hand. */
  call(packet: RequestPacket, outlet: Outlet): void {
    if (this.takes) this.#begin(packet, outlet);
    else this.#refuse(packet, outlet, 'ENOSYS', `${this.module.name()} takes no requests now`);
  }

  ready(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.#beginWaiting();
  }

  quiesce(): void {
    this.#quiesced = true;
    this.module.meter.close(this.module.address);
    for (const { packet, outlet } of this.#takeWaiting()) moveOn(packet, outlet);
  }

  resume(): void {
    this.#quiesced = false;
    this.module.meter.open(this.module.address);
  }

  finalizing(): void {
    if (this.#state === 'finalizing' || this.#state === 'left') return;
    // It ended before it said what it serves: who asked it may find another one, or hears why there is none.
    if (this.#state === 'starting' && this.#handlers === null) this.quiesce();
    this.#state = 'ready';
    this.#beginWaiting();
    this.#state = 'finalizing';
    const why = `${this.module.name()} is stopping`;
    for (const call of this.#calls?.all() ?? []) {
      call.abort('EHOSTUNREACH', why);
      call.stream?.cut();
    }
  }

  idle(): Promise<void> {
    return this.#calls?.idle() ?? Promise.resolve();
  }

  leave(): void {
    this.module.meter.close(this.module.address);
    const gone = `${this.module.name()} is gone`;
    for (const { packet, outlet } of this.#takeWaiting()) this.#refuse(packet, outlet, 'EHOSTUNREACH', gone);
    for (const call of this.#calls?.all() ?? []) call.fail(new MusterError('EHOSTUNREACH', `${call.asked.topic}: ${gone}`));
    this.#state = 'left';
  }

  cancel(asker: Address, id: number): void {
    const call = this.#calls?.find(asker, id);
    if (call !== undefined) {
      if (this.#tap.on !== null) this.#trace('control', call.asked.topic, asker);
      call.drop();
    } else this.#withdraw((packet) => packet[2] === asker && packet[3] === id);
  }

  credit(asker: Address, id: number, count: number): void {
    this.#calls?.find(asker, id)?.stream?.credit(count);
  }

  /** Nothing that it asked is of interest any more. */
  gone(asker: Address): void {
    for (const call of this.#calls?.of(asker) ?? []) call.drop();
    this.#withdraw((packet) => packet[2] === asker);
  }

  /** The module hears of it too, if it wants to. */
  disconnected(asker: Address, sender: string, outlet: Outlet): void {
    this.gone(asker);
    const topic = `${this.module.name()}.disconnect`;
    if (this.#tap.on !== null) this.#trace('control', topic, asker);
    const handler = this.#handlers?.get('disconnect');
    if (handler === undefined) return;
    const { module } = this;
    const call = new Call(this.module, { outlet, asker, id: 0, topic }, this.#tap);
    call.over = true;
    try {
      const heard = module.run(() => handler(new Request(call, 'disconnect', undefined, sender)));
      if (isThenable(heard)) heard.then(undefined, (error) => module.failed(error));
    } catch (error) {
      module.failed(error);
    }
  }

  #begin(packet: RequestPacket, outlet: Outlet): void {
    const [, , asker, id, service, topic, payload, sender] = packet;
    this.module.meter.received('request');
    if (this.#tap.on !== null) this.#trace('request', topic, asker, outlet.kind === 'hand' ? undefined : payload);
    if (this.#state === 'finalizing') {
      this.#refuse(packet, outlet, 'ENOSYS', `${this.module.name()} is stopping`);
      return;
    }
    const call = this.#callOf({ outlet, asker, id, topic });
    try {
      this.#dispatch(call, topic.slice(service.length + 1), payload, sender);
    } catch (error) {
      call.fail(error);
    }
  }

  #dispatch(call: Call, method: string, payload: unknown, sender: string): void {
    const handler = method === 'disconnect' ? undefined : (this.#handlers?.get(method) ?? this.#fallbacks?.get(method));
    const builtin = handler === undefined ? builtins.get(method) : undefined;
    if (handler !== undefined)
      this.#settle(
        call,
        this.module.run(() => handler(new Request(call, method, payload, sender))),
      );
    else if (builtin !== undefined) call.answer(builtin(this.#introspection, payload), false);
    else throw new MusterError('ENOSYS', this.#unknown(call.asked.topic, method));
  }

  #callOf(asked: Asked): Call {
    return new Call(this.module, asked, this.#tap);
  }

  /** Throws what looking at the result throws. */
  #settle(call: Call, result: unknown): void {
    if (call.over) return;
    if (isThenable(result)) this.#later(call, result);
    else {
      const mayStream = typeof result === 'object' && result !== null && call.asked.outlet.kind !== 'hand';
      const iterator = mayStream ? this.module.run(() => iteratorOf(result)) : null;
      if (iterator === null) call.answer(result, false);
      else this.#stream(call, iterator);
    }
  }

  #later(call: Call, result: PromiseLike<unknown>): void {
    this.#calls ??= new Calls();
    this.#calls.open(call);
    result.then(
      (value) => {
        try {
          this.#settle(call, value);
        } catch (error) {
          call.fail(error);
        }
      },
      (error) => call.fail(error),
    );
  }

  #stream(call: Call, iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
    call.stream = new SentStream(call, iterator);
    this.#calls ??= new Calls();
    this.#calls.streams(call);
    call.stream.pump();
    if (this.#state === 'finalizing') call.stream.cut();
  }

  #beginWaiting(): void {
    for (const { packet, outlet } of this.#takeWaiting()) this.#begin(packet, outlet);
  }

  #takeWaiting(): Waiting[] {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (let taken = 0; taken < waiting.length; taken++) this.module.meter.queue(-1);
    return waiting;
  }

  #withdraw(which: (packet: RequestPacket) => boolean): void {
    if (this.#waiting === null) return;
    const left = this.#waiting.filter(({ packet }) => !which(packet));
    for (let gone = this.#waiting.length - left.length; gone > 0; gone--) this.module.meter.queue(-1);
    this.#waiting = left;
  }

  #refuse([, , asker, id, , topic]: RequestPacket, outlet: Outlet, code: 'ENOSYS' | 'EHOSTUNREACH', why: string): void {
    this.#callOf({ outlet, asker, id, topic }).fail(new MusterError(code, `${topic}: ${why}`));
  }

  #unknown(topic: string, method: string): string {
    const own = [...(this.#handlers?.keys() ?? []), ...(this.#fallbacks?.keys() ?? []), ...builtins.keys()];
    const known = [...new Set(own)].filter((one) => one !== 'disconnect').sort();
    return `${topic}: ${this.module.name()} has no method "${method}"; it has ${known.join(', ')}`;
  }

  #trace(type: 'request' | 'control', topic: string, from: Address, payload?: unknown): void {
    this.#tap.message({ type, topic, from, to: this.module.address }, payload);
  }
}

/** Back to the asker, which looks where it goes now. */
export function moveOn([, address, asker, id, , topic, payload]: RequestPacket, outlet: Outlet): void {
  outlet.add(['moved', asker, address, id, topic, payload]);
}

function checked(method: unknown, fn: unknown): [string, Handler] {
  if (typeof method !== 'string' || method === '') throw new MusterError('EINVAL', 'a method has a name');
  if (typeof fn !== 'function') throw new MusterError('EINVAL', `what handles "${method}" is no function`);
  return [method, fn as Handler];
}
