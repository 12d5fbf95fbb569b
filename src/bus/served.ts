import {
  type Address,
  daemonAddress,
  type Packet,
  type Party,
  type RequestPacket,
  streamWindow,
  type Traced,
  waitingLimit,
} from '../model/bus.ts';
import { MusterError, toWire } from '../model/error.ts';
import type { Instance } from './module.ts';
import type { Tracers } from './tracers.ts';

/** A request of a module to the daemon itself. */
export interface OwnRequest {
  /** Resolves when there is room for more; a part for one that is gone resolves too. */
  part(payload: unknown): Promise<void>;
  /** Aborted when the module gives up or is gone. */
  readonly signal: AbortSignal;
  readonly from: Pick<Party, 'name' | 'address' | 'control'>;
}

/** Answers requests of modules to service `muster`: returns or resolves with the response, throws or rejects with the error. */
export type OnRequest = (topic: string, payload: unknown, request: OwnRequest) => unknown;

/** The daemon as a service of modules. */
export class Served {
  #open = new Map<Address, Map<number, Answering>>();
  #onRequest: OnRequest;
  /** What nobody begins with while the daemon is handed over; null: it is not. */
  #aside: { readonly from: Instance; readonly packet: RequestPacket }[] | null = null;
  #trace: Pick<Tracers, 'record'>;

  constructor(onRequest: OnRequest, trace: Pick<Tracers, 'record'>) {
    this.#onRequest = onRequest;
    this.#trace = trace;
  }

  get size(): number {
    return this.#open.size;
  }

  pause(): void {
    this.#aside ??= [];
  }

  resume(): void {
    const aside = this.#aside ?? [];
    this.#aside = null;
    for (const { from, packet } of aside) this.request(from, packet);
  }

  /** What was put aside. */
  unserved(): RequestPacket[] {
    return (this.#aside ?? []).map(({ packet }) => packet);
  }

  /** Ends what is open; who asked hears why. */
  failAll(error: MusterError): void {
    for (const mine of [...this.#open.values()]) {
      for (const answering of [...mine.values()]) {
        answering.fail(error);
        this.#leave(answering);
      }
    }
  }

  request(from: Instance, packet: RequestPacket): void {
    if (this.#aside !== null) {
      this.#aside.push({ from, packet });
      return;
    }
    const [, , , id, , topic, payload] = packet;
    this.#trace.record({ type: 'request', topic, from: from.address, to: daemonAddress, payload });
    const mine = this.#open.get(from.address) ?? new Map<number, Answering>();
    this.#open.set(from.address, mine);
    if (mine.has(id)) return; // it would not know which of the two is answered
    const answering = new Answering(id, topic, from, this.#trace);
    mine.set(id, answering);
    if (mine.size <= waitingLimit) void this.#serve(answering, payload);
    else {
      answering.fail(new MusterError('EBUSY', `${waitingLimit} requests to muster wait already`));
      this.#forget(answering);
    }
  }

  /** A cancel or credit of a module. */
  receive(packet: Packet): void {
    if (packet[0] !== 'cancel' && packet[0] !== 'credit') return;
    const answering = this.#open.get(packet[2])?.get(packet[3]);
    if (packet[0] === 'credit') answering?.credit(packet[4]);
    else if (answering !== undefined) this.#leave(answering);
  }

  gone(address: Address): void {
    for (const answering of [...(this.#open.get(address)?.values() ?? [])]) this.#leave(answering);
  }

  async #serve(answering: Answering, payload: unknown): Promise<void> {
    try {
      answering.send(await this.#onRequest(answering.topic, payload, answering));
    } catch (error) {
      answering.fail(error);
    } finally {
      this.#forget(answering);
    }
  }

  #leave(answering: Answering): void {
    this.#forget(answering);
    answering.leave();
  }

  #forget(answering: Answering): void {
    const { address } = answering.from;
    const mine = this.#open.get(address);
    mine?.delete(answering.id);
    if (mine?.size === 0) this.#open.delete(address);
  }
}

class Answering implements OwnRequest {
  readonly id: number;
  readonly topic: string;
  readonly from: Instance;
  #trace: Pick<Tracers, 'record'>;
  #abort: AbortController | null = null;
  #left = false;
  #untaken = 0;
  #waiting: (() => void)[] = [];

  constructor(id: number, topic: string, from: Instance, trace: Pick<Tracers, 'record'>) {
    this.id = id;
    this.topic = topic;
    this.from = from;
    this.#trace = trace;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#left) this.#abort.abort();
    return this.#abort.signal;
  }

  part(payload: unknown): Promise<void> {
    if (this.#left) return Promise.resolve();
    const { address, link } = this.from;
    link.packet(['part', address, daemonAddress, this.id, payload]);
    this.#record({ payload, more: true });
    this.#untaken += 1;
    return this.#untaken < streamWindow ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  credit(count: number): void {
    this.#untaken = Math.max(0, this.#untaken - count);
    if (this.#untaken < streamWindow) this.#release();
  }

  send(payload: unknown): void {
    if (this.#left) return;
    const { address, link } = this.from;
    link.packet(['answer', address, daemonAddress, this.id, payload]);
    this.#record({ payload });
  }

  fail(error: unknown): void {
    if (this.#left) return;
    const { address, link } = this.from;
    const wire = toWire(error);
    link.packet(['failure', address, daemonAddress, this.id, wire]);
    this.#record({ error: wire.code });
  }

  leave(): void {
    this.#left = true;
    this.#abort?.abort();
    this.#release();
  }

  #record(told: Pick<Traced, 'payload' | 'error' | 'more'>): void {
    this.#trace.record({ type: 'response', topic: this.topic, from: daemonAddress, to: this.from.address, ...told });
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
