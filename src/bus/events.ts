import type { Address, EventPacket } from '../model/bus.ts';
import { publishProblem } from '../model/topic.ts';
import { createGlobs, type Globs } from './globs.ts';
import type { Link } from './link.ts';

export interface Event {
  readonly topic: string;
  readonly payload: unknown;
  /** Name of the publisher. */
  readonly from: string;
}

/** Events between runners, clients and the daemon. Within a runner they go without it. */
export class Events {
  /** By link; those of the daemon and its clients by their own object. */
  #subscribed = new Map<Link | Subscriber, Globs>();
  #links = new Set<Link>();
  #told = new Map<Link, readonly string[]>();
  #telling = false;

  connect(link: Link): void {
    this.#links.add(link);
    this.#tellSoon();
  }

  close(link: Link): void {
    this.#links.delete(link);
    this.#told.delete(link);
    if (this.#subscribed.delete(link)) this.#tellSoon();
  }

  /** What another daemon would have to know of the runner. */
  heritage(link: Link): { globs: readonly string[]; interest: readonly string[] } {
    return { globs: this.#subscribed.get(link)?.all ?? [], interest: this.#told.get(link) ?? [] };
  }

  inherit(link: Link, { globs, interest }: { globs: readonly string[]; interest: readonly string[] }): void {
    this.#told.set(link, interest);
    this.subscribed(link, globs);
  }

  subscribed(link: Link, globs: readonly string[]): void {
    if (globs.length === 0) this.#subscribed.delete(link);
    else this.#subscribed.set(link, createGlobs(globs));
    this.#tellSoon();
  }

  /** In the daemon. Returns the function that ends it. */
  subscribe(globs: readonly string[], take: (event: Event) => void): () => void {
    const subscriber: Subscriber = { take };
    this.#subscribed.set(subscriber, createGlobs(globs));
    this.#tellSoon();
    return () => {
      if (this.#subscribed.delete(subscriber)) this.#tellSoon();
    };
  }

  /** Of a client or the daemon. Throws EPERM or EINVAL for a topic that nobody may publish. */
  publish(topic: string, payload: unknown, from: string, address: Address): void {
    const problem = publishProblem(topic);
    if (problem !== null) throw problem;
    this.#pass([address, topic, payload, from], null);
  }

  /** From a runner, in which everybody has it already, and which has refused what may not be published. */
  passOn(event: EventPacket, from: Link): void {
    if (publishProblem(event[1]) === null) this.#pass(event, from);
  }

  #pass(event: EventPacket, origin: Link | null): void {
    const [, topic, payload, from] = event;
    for (const [subscriber, globs] of this.#subscribed) {
      if (subscriber === origin || !globs.match(topic)) continue;
      if ('take' in subscriber) subscriber.take({ topic, payload, from });
      else subscriber.event(event);
    }
  }

  #tellSoon(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      for (const link of this.#links) this.#tell(link);
    });
  }

  #tell(link: Link): void {
    const globs = new Set<string>();
    for (const [subscriber, subscribed] of this.#subscribed) {
      if (subscriber !== link) for (const glob of subscribed.all) globs.add(glob);
    }
    const wanted = [...globs].sort();
    const told = this.#told.get(link) ?? [];
    if (wanted.length === told.length && wanted.every((glob, index) => glob === told[index])) return;
    this.#told.set(link, wanted);
    link.send({ type: 'interest', globs: wanted });
  }
}

interface Subscriber {
  take(event: Event): void;
}
