/** Where something stands in a list of its own kind. */
export interface Placed {
  place: number;
}

/**
 * What is under way and soon over, in no order. No Set: V8 links each table that a Set has outgrown to the next, so that one
 * old table keeps all that came after it until the next full collection.
 */
export class UnderWay<T extends Placed> {
  readonly #all: T[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(one: T): void {
    one.place = this.#all.push(one) - 1;
  }

  delete(one: T): void {
    if (this.#all[one.place] !== one) return;
    const last = this.#all.pop() as T;
    if (last === one) return;
    this.#all[one.place] = last;
    last.place = one.place;
  }

  all(): readonly T[] {
    return [...this.#all];
  }
}
