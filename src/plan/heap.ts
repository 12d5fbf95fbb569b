interface Heap {
  push(name: string): void;
  /** The least by code unit. */
  pop(): string | undefined;
}

/** A binary heap of names: the next one by name in O(log n). */
export function createHeap(): Heap {
  const items: string[] = [];
  const at = (index: number): string => items[index] ?? '';

  function swap(a: number, b: number): void {
    const item = at(a);
    items[a] = at(b);
    items[b] = item;
  }

  return {
    push(name) {
      let index = items.push(name) - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (at(parent) <= at(index)) return;
        swap(index, parent);
        index = parent;
      }
    },
    pop() {
      const top = items[0];
      const last = items.pop();
      if (items.length === 0 || last === undefined) return top;
      items[0] = last;
      for (let index = 0; ; ) {
        const left = 2 * index + 1;
        if (left >= items.length) return top;
        const least = left + 1 < items.length && at(left + 1) < at(left) ? left + 1 : left;
        if (at(index) <= at(least)) return top;
        swap(index, least);
        index = least;
      }
    },
  };
}
