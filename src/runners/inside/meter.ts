import type { Address } from '../../model/bus.ts';
import type { Counts } from '../../model/documents.ts';
import type { MeterPlace } from '../protocol.ts';

/** Meters in one piece of shared memory. */
export const metersPerBuffer = 64;
const doubles = 11;
const words = 2;
const wordsAt = metersPerBuffer * doubles * Float64Array.BYTES_PER_ELEMENT;
export const meterBufferBytes = wordsAt + metersPerBuffer * words * Int32Array.BYTES_PER_ELEMENT;

const kinds = ['request', 'response', 'event', 'control'] as const;
export type Counted = (typeof kinds)[number];
/** Where the single numbers stand behind those per kind; the two of dropped events have one writer each. */
const [droppedAt, withheldAt, activeAt] = [8, 9, 10] as const;

/**
 * The counters of one module in shared memory: written where it lives, read by the runner's main thread also while it
 * hangs. Only the queue has several writers: who asks adds to it, who serves takes off. The main thread writes one number.
 */
export interface Meter {
  sent(kind: Counted): void;
  received(kind: Counted): void;
  /** An event that the module published got no further. */
  dropped(): void;
  /** The main thread held so many events back that were for the module, or from it. */
  withheld(count: number): void;
  /** One more, or one less, request that waits to be begun with. */
  queue(step: number): void;
  read(): { tx: Counts; rx: Counts; dropped: number; activeAt: number; queued: number };
  /** Counts from zero again; the queue and the time of the last message stay. */
  clear(): void;
  /** The instance takes requests. */
  open(address: Address): void;
  /** It takes no more; what is sent to it may not even be read. */
  close(address: Address): void;
  /** Whether it does, and these are its counters still: asked before each request that goes there directly. */
  isOpen(address: Address): boolean;
  /** As for a module that has just been made. */
  reset(): void;
}

export function createMeterBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(meterBufferBytes);
}

export function openMeter({ buffer, index }: MeterPlace): Meter {
  if (latest?.buffer !== buffer) latest = viewsOf(buffer);
  return new SharedMeter(latest, index);
}

/** All meters of one piece look at it by the same: a view costs as much as the rest of a meter. */
interface Views {
  readonly buffer: SharedArrayBuffer;
  readonly numbers: Float64Array;
  /** Of each the queue, and the instance that takes requests. */
  readonly integers: Int32Array;
}

let latest: Views | null = null;

function viewsOf(buffer: SharedArrayBuffer): Views {
  const numbers = new Float64Array(buffer, 0, metersPerBuffer * doubles);
  return { buffer, numbers, integers: new Int32Array(buffer, wordsAt, metersPerBuffer * words) };
}

/** Thousands of modules have one each. */
class SharedMeter implements Meter {
  readonly #numbers: Float64Array;
  readonly #integers: Int32Array;
  /** Where its own begin. */
  readonly #number: number;
  readonly #queue: number;

  constructor({ numbers, integers }: Views, index: number) {
    this.#numbers = numbers;
    this.#integers = integers;
    this.#number = index * doubles;
    this.#queue = index * words;
  }

  sent(kind: Counted): void {
    this.#add(kinds.indexOf(kind));
    if (kind === 'request' || kind === 'response') this.#numbers[this.#number + activeAt] = Date.now();
  }

  received(kind: Counted): void {
    this.#add(kinds.length + kinds.indexOf(kind));
  }

  dropped(): void {
    this.#add(droppedAt);
  }

  withheld(count: number): void {
    this.#add(withheldAt, count);
  }

  queue(step: number): void {
    Atomics.add(this.#integers, this.#queue, step);
  }

  read(): ReturnType<Meter['read']> {
    return {
      tx: this.#counts(0),
      rx: this.#counts(kinds.length),
      dropped: this.#at(droppedAt) + this.#at(withheldAt),
      activeAt: this.#at(activeAt),
      queued: Math.max(0, Atomics.load(this.#integers, this.#queue)),
    };
  }

  clear(): void {
    this.#numbers.fill(0, this.#number, this.#number + activeAt);
  }

  open(address: Address): void {
    Atomics.store(this.#integers, this.#queue + 1, address);
  }

  close(address: Address): void {
    Atomics.compareExchange(this.#integers, this.#queue + 1, address, 0);
  }

  isOpen(address: Address): boolean {
    return Atomics.load(this.#integers, this.#queue + 1) === address;
  }

  reset(): void {
    this.#numbers.fill(0, this.#number, this.#number + doubles);
    this.#integers.fill(0, this.#queue, this.#queue + words);
  }

  #at(at: number): number {
    return this.#numbers[this.#number + at] ?? 0;
  }

  #add(at: number, count = 1): void {
    this.#numbers[this.#number + at] = this.#at(at) + count;
  }

  #counts(from: number): Counts {
    return { request: this.#at(from), response: this.#at(from + 1), event: this.#at(from + 2), control: this.#at(from + 3) };
  }
}

/**
 * Events under way between a realm and its runner's main thread. Each side counts what it has taken, so that the other sees
 * also in the middle of a loop how much is still under way (`eventWindow`).
 */
export interface EventCredits {
  /** Taken by the main thread of what the realm published. */
  readonly published: SharedCount;
  /** Taken by the realm of what was delivered to it. */
  readonly delivered: SharedCount;
}

/** Counts up from 0 and wraps around at 2^32; differences stay right. */
export interface SharedCount {
  add(count: number): void;
  read(): number;
}

export function createCreditsBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

export function openCredits(buffer: SharedArrayBuffer): EventCredits {
  const integers = new Int32Array(buffer);
  const count = (at: number): SharedCount => ({
    add: (more) => void Atomics.add(integers, at, more),
    read: () => Atomics.load(integers, at) >>> 0,
  });
  return { published: count(0), delivered: count(1) };
}
