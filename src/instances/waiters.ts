/** Those who wait for something that may happen again and again. */
export class Waiters {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** It has happened. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
