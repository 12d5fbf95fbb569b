/** What is counted of the requests of a component, or of all. */
export class Tally {
  requests = 0;
  /** By the first digit of their status. */
  readonly #classes = [0, 0, 0, 0, 0, 0];
  /** The client was gone before its response. */
  #aborted = 0;
  #ms = 0;
  #slowest = 0;
  /** By powers of two of tenths of a millisecond. */
  readonly #latencies = new Uint32Array(24);

  count(status: number | null, ms: number): void {
    this.requests += 1;
    if (status === null) this.#aborted += 1;
    else this.#classes[Math.trunc(status / 100)] = (this.#classes[Math.trunc(status / 100)] ?? 0) + 1;
    this.#ms += ms;
    if (ms > this.#slowest) this.#slowest = ms;
    const bucket = 32 - Math.clz32(Math.min(ms * 10, 2 ** 23 - 1));
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1;
  }

  /** Latencies in ms; shares of them are known up to a factor of two, and given as its upper end. */
  read(): Readonly<Record<string, unknown>> {
    const [, , ok, moved, refused, failed] = this.#classes;
    const { requests } = this;
    return {
      requests,
      status: { '2xx': ok, '3xx': moved, '4xx': refused, '5xx': failed, aborted: this.#aborted },
      latency: {
        mean: round(requests === 0 ? 0 : this.#ms / requests),
        p50: this.#share(0.5),
        p99: this.#share(0.99),
        max: round(this.#slowest),
      },
    };
  }

  #share(share: number): number {
    let left = this.requests * share;
    if (left === 0) return 0;
    for (const [bucket, count] of this.#latencies.entries()) {
      left -= count;
      if (left <= 0) return round(Math.min(2 ** bucket / 10, this.#slowest));
    }
    return round(this.#slowest);
  }
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
