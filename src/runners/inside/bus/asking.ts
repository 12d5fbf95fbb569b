import type { Address } from '../../../model/bus.ts';
import type { MusterError } from '../../../model/error.ts';
import type { Meter } from '../meter.ts';
import type { Outlet } from './outlet.ts';
import type { ModuleHere } from './realm-bus.ts';

/** One request, from the call of `request` or `stream` to its end. */
export interface Asking {
  readonly id: number;
  readonly owner: ModuleHere;
  readonly topic: string;
  /** The topic without its last word: what routes are looked up by. */
  readonly prefix: string;
  readonly taker: Taker;
  readonly signal: AbortSignal | null;
  readonly onAbort: (() => void) | null;
  timer: NodeJS.Timeout | null;
  /** Given away when it is sent; comes back with a request that moved. */
  payload: unknown;
  size: number;
  /** Where it is: waits for its route, in a lane for its turn or a while before it looks for its route again, or is sent. */
  at: 'start' | 'lookup' | 'lane' | 'pause' | 'sent' | 'over';
  lane: Lane | null;
  /** In the counters of its module. */
  counted: boolean;
  /** How often it came back unserved. */
  moves: number;
}

/** Who gets what comes for a request: one end, before it any number of parts. */
export interface Taker {
  /** `ended`: it is the end of a stream, not a response by itself. */
  answer(payload: unknown, ended: boolean): void;
  part(payload: unknown): void;
  /** `quietly`: nobody may be left who would hear of it. */
  fail(error: MusterError, quietly: boolean): void;
}

/** An instance that can be asked, as this realm knows it. */
export interface Destination {
  readonly address: Address;
  outlet: Outlet;
  /** Its counters, where it is asked over a port: who asks adds to its queue. */
  meter: Meter | null;
  /** By the address of who asks. */
  readonly lanes: Map<Address, Lane>;
}

/** The requests of one module to one instance: so many are under way, the others wait in order. */
export interface Lane {
  readonly destination: Destination;
  underway: number;
  readonly waiting: Asking[];
}

/** What a topic leads to. */
export interface Route {
  readonly prefix: string;
  /** For whom it was looked up. */
  readonly from: Address;
  readonly service: string;
  readonly destination: Destination;
}

/** Takes one out of those that wait, wherever it stands. */
export function withdraw(waiting: Asking[], asking: Asking): boolean {
  const at = waiting.indexOf(asking);
  if (at !== -1) waiting.splice(at, 1);
  return at !== -1;
}
