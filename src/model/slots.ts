/** So many are under way at most: memory ends before that. What is above it in a number tells the uses of one slot apart. */
const mostSlots = 2 ** 24;
const firstUse = mostSlots;
const mostUses = 2 ** 29;

/**
 * What is under way, by the number that it gets here; in no order. For what comes and goes a hundred thousand times a second
 * in the place of a Map: those leave a table behind every few hundred entries which points at the next one, so that once one of
 * them is old every entry after it stays until the next full collection. A request cost the daemon 0.5 µs in that.
 */
export class Slots<T extends object> {
  #items: (T | null)[] = [];
  /** Of what is in each slot, or will be next. */
  #ids: number[] = [];
  #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  add(item: T): number {
    const slot = this.#free.pop() ?? this.#ids.push(firstUse + this.#ids.length) - 1;
    this.#items[slot] = item;
    return this.#ids[slot] as number;
  }

  get(id: number): T | undefined {
    const slot = id & (mostSlots - 1);
    return this.#ids[slot] === id ? (this.#items[slot] ?? undefined) : undefined;
  }

  /** Its number means nothing from now on, until as many others have been in its place as there will never be. */
  delete(id: number): void {
    if (this.get(id) === undefined) return;
    const slot = id & (mostSlots - 1);
    this.#items[slot] = null;
    this.#ids[slot] = (id + mostSlots) % (mostSlots * mostUses);
    this.#free.push(slot);
  }

  /** As it is now: it may change meanwhile. */
  all(): T[] {
    return this.#items.filter((item) => item !== null);
  }
}
