import type { Address, BusFromRunner } from '../model/bus.ts';
import { asks, learns } from './contacts.ts';
import type { Directory } from './directory.ts';
import type { Link } from './link.ts';
import type { Module, Outcome, Waiter, Waits } from './module.ts';
import { routeOf } from './question.ts';
import type { Tracers } from './tracers.ts';

export interface ResolvingPorts {
  readonly directory: Directory;
  readonly tracers: Tracers;
}

/** A runner asks where requests under a prefix go. It outlives the module for which it was asked: others may wait for the same. */
export class Resolving implements Waiter {
  readonly prefix: string;
  readonly link: Link;
  waitsFor: Module | null = null;
  #from: Address;
  #call: number;
  #ports: ResolvingPorts;

  constructor({ from, call, prefix }: Extract<BusFromRunner, { type: 'resolve' }>, link: Link, ports: ResolvingPorts) {
    this.prefix = prefix;
    this.link = link;
    this.#from = from;
    this.#call = call;
    this.#ports = ports;
  }

  /** As it was asked. */
  get question(): { from: Address; call: number; prefix: string } {
    return { from: this.#from, call: this.#call, prefix: this.prefix };
  }

  settle(outcome: Exclude<Outcome, Waits>): void {
    const { link, prefix } = this;
    const { directory, tracers } = this.#ports;
    if (outcome.type === 'instance') {
      const { instance } = outcome;
      const asker = directory.instance(this.#from);
      if (asker?.link === link) asks(asker, instance);
      learns(link, instance);
      directory.routes.told(link, prefix, instance.address);
    } else if (outcome.type === 'none') {
      // Of the topic all is known here but its last word.
      tracers.record({ type: 'request', topic: prefix, from: this.#from, to: null, error: outcome.code });
    }
    link.send({ type: 'route', call: this.#call, route: routeOf(outcome) });
  }
}

/** Requests that wait for a module, of whom it is known. */
export function countWaiting(waiters: Iterable<Waiter>): number {
  const counted = new Map<Link, Set<string>>();
  let count = 0;
  for (const waiter of waiters) {
    const { link, prefix } = waiter;
    if (link === null) {
      count += 1;
      continue;
    }
    const prefixes = counted.get(link) ?? new Set();
    if (!prefixes.has(prefix)) count += Math.max(1, link.waitingUnder(prefix));
    counted.set(link, prefixes.add(prefix));
  }
  return count;
}
