/** Those who wait for something that may happen again and again. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  wait(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  /** Calls `fn` once when it happens; returns how to give up waiting. */
  add(fn: () => void): () => void {
    this.#waiting.add(fn);
    return () => void this.#waiting.delete(fn);
  }

  /** It has happened. */
  release(): void {
    const due = [...this.#waiting];
    this.#waiting.clear();
    for (const fn of due) fn();
  }
}
