/** How long things took, by upper bounds; the last count is of what took longer than all of them. */
export interface HistogramDoc {
  /** Seconds, ascending. */
  readonly bounds: readonly number[];
  /** One more than bounds; not cumulative. */
  readonly counts: readonly number[];
  /** Seconds. */
  readonly sum: number;
  readonly count: number;
}

/** From a module in a thread that is there already to a program that loads much. */
const seconds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class Histogram {
  readonly #counts: number[] = new Array(seconds.length + 1).fill(0);
  #sum = 0;

  observe(value: number): void {
    const at = seconds.findIndex((bound) => value <= bound);
    const slot = at === -1 ? seconds.length : at;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#sum += value;
  }

  read(): HistogramDoc {
    const counts = [...this.#counts];
    return { bounds: seconds, counts, sum: this.#sum, count: counts.reduce((all, one) => all + one, 0) };
  }
}
