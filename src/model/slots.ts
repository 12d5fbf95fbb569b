/** They double; a power of 2. */
const leastSlots = 16;

/**
 * What is under way, by the number that it gets here. For what comes and goes a hundred thousand times a second, in the place
 * of a Map: those leave a table behind every few hundred entries which points at the next one, so that once one of them is old
 * every entry after it stays until the next full collection. Here each has a slot, and numbers whose slot is taken are left out.
 */
export class Slots<T extends object> {
  #items: (T | null)[] = new Array(leastSlots).fill(null);
  /** Of what is in each slot, or was. */
  #ids: number[] = new Array(leastSlots).fill(0);
  #size = 0;
  #last = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns a number that nothing had before. */
  add(item: T): number {
    if (this.#size * 2 >= this.#items.length) this.#grow();
    let slot: number;
    do {
      this.#last += 1;
      slot = this.#slotOf(this.#last);
    } while (this.#items[slot] !== null);
    this.#put(slot, this.#last, item);
    this.#size += 1;
    return this.#last;
  }

  get(id: number): T | undefined {
    const slot = this.#slotOf(id);
    return this.#ids[slot] === id ? (this.#items[slot] ?? undefined) : undefined;
  }

  delete(id: number): void {
    if (this.get(id) === undefined) return;
    this.#items[this.#slotOf(id)] = null;
    this.#size -= 1;
  }

  /** As it is now, in no order: it may change meanwhile. */
  all(): T[] {
    return this.#items.filter((item) => item !== null);
  }

  #slotOf(id: number): number {
    return id & (this.#items.length - 1);
  }

  #put(slot: number, id: number, item: T): void {
    this.#items[slot] = item;
    this.#ids[slot] = id;
  }

  #grow(): void {
    const [items, ids] = [this.#items, this.#ids];
    this.#items = new Array(items.length * 2).fill(null);
    this.#ids = new Array(items.length * 2).fill(0);
    for (const [at, item] of items.entries()) if (item !== null) this.#put(this.#slotOf(ids[at] as number), ids[at] as number, item);
  }
}
