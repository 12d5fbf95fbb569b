import type { Kind } from '../model/fields/table.ts';
import { Histogram } from '../model/histogram.ts';
import type { Took } from '../model/metrics.ts';

/** How long one kind of thing took, by kind of module and outcome. */
export class Durations {
  readonly #histograms = new Map<string, { kind: Kind; outcome: Took['outcome']; seconds: Histogram }>();

  add(kind: Kind, outcome: Took['outcome'], ms: number): void {
    const key = `${kind} ${outcome}`;
    const entry = this.#histograms.get(key) ?? { kind, outcome, seconds: new Histogram() };
    this.#histograms.set(key, entry);
    entry.seconds.observe(ms / 1000);
  }

  read(): Took[] {
    const sorted = [...this.#histograms].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, { kind, outcome, seconds }]) => ({ kind, outcome, seconds: seconds.read() }));
  }
}
