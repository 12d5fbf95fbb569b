import type { Address, BusToRunner, EventPacket, Packet, RunnerLink } from '../model/bus.ts';
import type { Sealed } from '../model/sealed.ts';
import type { Instance } from './module.ts';

/** Packets that go before the end of their turn, so that the runner begins with them while the daemon goes on. */
const mostPackets = 64;

/** One runner process. What goes to it in one turn keeps its order and is as few messages as that allows. */
export class Link {
  readonly instances = new Set<Instance>();
  closed = false;
  /** By prefix, how many requests of whom wait for where it leads. */
  #waiting = new Map<string, Map<Address, number>>();
  readonly id: string;
  #runner: RunnerLink;
  #gathered: BusToRunner[] = [];
  #packets: Packet[] | null = null;
  #events: EventPacket[] | null = null;

  constructor(runner: RunnerLink, id: string) {
    this.id = id;
    this.#runner = runner;
  }

  send(message: BusToRunner): void {
    if (this.closed) return;
    this.#packets = null;
    this.#events = null;
    if (this.#gathered.push(message) === 1) queueMicrotask(() => this.#flush());
  }

  packet(packet: Packet): void {
    if (this.#packets !== null) {
      if (this.#packets.push(packet) >= mostPackets) this.#flush();
      return;
    }
    const packets = [packet];
    this.send({ type: 'packets', packets });
    this.#packets = packets;
  }

  open(sealed: Sealed): readonly unknown[] {
    return this.#runner.open(sealed);
  }

  event(event: EventPacket): void {
    if (this.#events !== null) {
      this.#events.push(event);
      return;
    }
    const events = [event];
    this.send({ type: 'events', events });
    this.#events = events;
  }

  wait({ from, prefix, count }: { from: Address; prefix: string; count: number }): void {
    const counts = this.#waiting.get(prefix) ?? new Map<Address, number>();
    if (count === 0) counts.delete(from);
    else counts.set(from, count);
    if (counts.size === 0) this.#waiting.delete(prefix);
    else this.#waiting.set(prefix, counts);
  }

  /** For `wait` of another daemon. */
  waits(): [prefix: string, from: Address, count: number][] {
    return [...this.#waiting].flatMap(([prefix, counts]) =>
      [...counts].map(([from, count]): [string, Address, number] => [prefix, from, count]),
    );
  }

  waitingUnder(prefix: string): number {
    let sum = 0;
    for (const count of this.#waiting.get(prefix)?.values() ?? []) sum += count;
    return sum;
  }

  /** It asks nothing any more. */
  left(asker: Address): void {
    for (const [prefix, counts] of this.#waiting) {
      counts.delete(asker);
      if (counts.size === 0) this.#waiting.delete(prefix);
    }
  }

  #flush(): void {
    const messages = this.#gathered;
    this.#gathered = [];
    this.#packets = null;
    this.#events = null;
    for (const message of messages) if (!this.closed) this.#runner.send(message);
  }
}
