/**
 * The ids of the open requests of one connection. Clients count: as long as one does, each id is above all before it and
 * nothing need be kept.
 */
export class OpenIds {
  #highest = Number.NEGATIVE_INFINITY;
  #open: Set<number> | null = null;

  /** False: it is that of an open request. `all` gives the ids of those. */
  take(id: number, all: () => Iterable<number>): boolean {
    if (this.#open === null && id > this.#highest) {
      this.#highest = id;
      return true;
    }
    this.#open ??= new Set(all());
    if (this.#open.has(id)) return false;
    this.#open.add(id);
    return true;
  }

  /** It has its answer. */
  release(id: number): void {
    this.#open?.delete(id);
  }

  /** All have theirs. */
  clear(): void {
    this.#open = null;
    this.#highest = Number.NEGATIVE_INFINITY;
  }
}
