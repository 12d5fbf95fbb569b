import { type Address, waitingLimit } from '../../../model/bus.ts';
import type { MusterError } from '../../../model/error.ts';
import type { FromRealm, RouteHere } from '../../protocol.ts';
import { type Asking, withdraw } from './asking.ts';
import { errorOf } from './fault.ts';
import type { ModuleHere } from './realm-bus.ts';
import type { Turn } from './turn.ts';

/** A lookup that takes longer waits for a module: then who looks at that is told how many requests wait with it. */
const tellAfterMs = 20;

/** Requests whose route is being looked up, in order. */
export interface Lookups {
  /** False: too many of its module wait there already. */
  wait(asking: Asking): boolean;
  withdraw(asking: Asking): void;
  /** The answer of the runner to a lookup. Nothing comes of one that is no longer open. */
  answer(call: number, route: RouteHere): void;
  /** Says that a module asks there too, by a route that was looked up for another: if either ends, the other hears of it. */
  mention(module: ModuleHere, prefix: string): void;
  /** Calls `fn` when all has arrived that the daemon had to say so far of what was posted to it so far. */
  afterAll(from: Address, fn: () => void): void;
}

export interface LookupsPorts {
  post(message: FromRealm): void;
  readonly turn: Turn;
  /** Those that waited go on, or fail. */
  found(lookup: { prefix: string; from: Address }, route: Exclude<RouteHere, { error: unknown }>, askings: readonly Asking[]): void;
  refused(asking: Asking, error: MusterError): void;
}

interface Lookup {
  readonly prefix: string;
  readonly call: number;
  /** For whom it was posted. */
  readonly from: Address;
  readonly waiting: Asking[];
  /** Of each module that waits: how many, and what was told of it. */
  readonly counts: Map<Address, { now: number; told: number }>;
  readonly patience: NodeJS.Timeout;
  telling: boolean;
}

export function createLookups({ post, turn, found, refused }: LookupsPorts): Lookups {
  const byPrefix = new Map<string, Lookup>();
  const byCall = new Map<number, Lookup>();
  const echoes = new Map<number, () => void>();
  let changed = new Set<Lookup>();
  let calls = 0;

  turn.atEnd(() => {
    if (changed.size === 0) return;
    const lookups = changed;
    changed = new Set();
    for (const lookup of lookups) tell(lookup);
  });

  function open(prefix: string, from: Address): Lookup {
    const patience = setTimeout(() => {
      lookup.telling = true;
      count(lookup);
    }, tellAfterMs);
    patience.unref();
    const lookup: Lookup = { prefix, call: ask(from, prefix), from, waiting: [], counts: new Map(), patience, telling: false };
    byPrefix.set(prefix, lookup);
    byCall.set(lookup.call, lookup);
    return lookup;
  }

  function ask(from: Address, prefix: string): number {
    calls += 1;
    post({ type: 'resolve', from, call: calls, prefix });
    return calls;
  }

  function close(lookup: Lookup): void {
    clearTimeout(lookup.patience);
    byPrefix.delete(lookup.prefix);
    byCall.delete(lookup.call);
    for (const count of lookup.counts.values()) count.now = 0;
    tell(lookup);
  }

  function count(lookup: Lookup): void {
    if (!lookup.telling) return;
    changed.add(lookup);
    turn.wake();
  }

  function tell({ prefix, counts }: Lookup): void {
    for (const [from, count] of counts) {
      if (count.now === count.told) continue;
      post({ type: 'waiting', from, prefix, count: count.now });
      count.told = count.now;
    }
  }

  return {
    wait(asking) {
      const { prefix, owner } = asking;
      const lookup = byPrefix.get(prefix) ?? open(prefix, owner.address);
      const counted = lookup.counts.get(owner.address) ?? { now: 0, told: 0 };
      if (counted.now >= waitingLimit) return false;
      counted.now += 1;
      lookup.counts.set(owner.address, counted);
      asking.at = 'lookup';
      lookup.waiting.push(asking);
      count(lookup);
      return true;
    },
    withdraw(asking) {
      const lookup = byPrefix.get(asking.prefix);
      if (lookup === undefined || !withdraw(lookup.waiting, asking)) return;
      const counted = lookup.counts.get(asking.owner.address);
      if (counted !== undefined) counted.now -= 1;
      count(lookup);
    },
    answer(call, route) {
      echoes.get(call)?.();
      echoes.delete(call);
      const lookup = byCall.get(call);
      if (lookup === undefined) return;
      const waiting = lookup.waiting.splice(0);
      close(lookup);
      // Those that moved came back behind younger ones.
      waiting.sort((a, b) => a.id - b.id);
      if ('error' in route) for (const asking of waiting) refused(asking, errorOf(route.error));
      else found(lookup, route, waiting);
    },
    mention: ({ address }, prefix) => void ask(address, prefix),
    afterAll(from, fn) {
      turn.end();
      // Where the daemon itself is, is answered without delay, and everything keeps its order.
      echoes.set(ask(from, 'muster'), fn);
    },
  };
}
