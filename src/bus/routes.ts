import type { Address } from '../model/bus.ts';
import type { Link } from './link.ts';
import { servicesIn } from './services.ts';

/** Prefixes that one runner may know the way of; a runner that asks for more is told to forget them all. */
const mostPerLink = 16_384;

/** Which ways runners were told, so that they hear of it when one of them leads elsewhere. */
export class Routes {
  /** By prefix, which runner was told which address. */
  #told = new Map<string, Map<Link, Address>>();
  /** By service, the prefixes that could mean it. */
  #under = new Map<string, Set<string>>();
  #byLink = new Map<Link, Set<string>>();

  told(link: Link, prefix: string, address: Address): void {
    const mine = this.#byLink.get(link) ?? new Set();
    if (mine.size >= mostPerLink) {
      link.send({ type: 'stale', prefixes: [...mine] });
      this.forget(link);
    }
    this.#byLink.set(link, mine.add(prefix));
    const links = this.#told.get(prefix);
    if (links !== undefined) {
      links.set(link, address);
      return;
    }
    this.#told.set(prefix, new Map([[link, address]]));
    for (const service of servicesIn(prefix)) {
      const prefixes = this.#under.get(service);
      if (prefixes === undefined) this.#under.set(service, new Set([prefix]));
      else prefixes.add(prefix);
    }
  }

  toldTo(link: Link): [prefix: string, address: Address][] {
    return [...(this.#byLink.get(link) ?? [])].flatMap((prefix): [string, Address][] => {
      const address = this.#told.get(prefix)?.get(link);
      return address === undefined ? [] : [[prefix, address]];
    });
  }

  /** Something has changed about these services. `now` says where a prefix leads; null: nowhere, or that is not known yet. */
  changed(services: Iterable<string>, now: (prefix: string) => Address | null): void {
    const stale = new Map<Link, string[]>();
    for (const service of services) {
      for (const prefix of [...(this.#under.get(service) ?? [])]) {
        const address = now(prefix);
        for (const [link, told] of [...(this.#told.get(prefix) ?? [])]) {
          if (told === address) continue;
          const prefixes = stale.get(link);
          if (prefixes === undefined) stale.set(link, [prefix]);
          else prefixes.push(prefix);
          this.#forget(link, prefix);
        }
      }
    }
    for (const [link, prefixes] of stale) link.send({ type: 'stale', prefixes });
  }

  forget(link: Link): void {
    for (const prefix of [...(this.#byLink.get(link) ?? [])]) this.#forget(link, prefix);
  }

  size(): number {
    return this.#told.size;
  }

  #forget(link: Link, prefix: string): void {
    const mine = this.#byLink.get(link);
    mine?.delete(prefix);
    if (mine?.size === 0) this.#byLink.delete(link);
    const links = this.#told.get(prefix);
    links?.delete(link);
    if (links?.size !== 0) return;
    this.#told.delete(prefix);
    for (const service of servicesIn(prefix)) {
      const prefixes = this.#under.get(service);
      prefixes?.delete(prefix);
      if (prefixes?.size === 0) this.#under.delete(service);
    }
  }
}
