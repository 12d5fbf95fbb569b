/** After a start of the gateway, until something is asked of it; ms. */
const firstMs = 1000;
/** Components that run already come back within milliseconds of one another. */
const quietMs = 250;

/**
 * Whether components may still be on their way back. A gateway that comes back itself, as after a crash, is not told how many they
 * are: as long as they come, and for a moment after the last one, nobody knows that there is nothing at a place.
 */
export class Arrivals {
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  get isOver(): boolean {
    return this.#over;
  }

  /** It listens from now on. */
  begin(): void {
    if (this.#underWay === 0) this.#rest(firstMs);
  }

  /** Somebody has left a place: what was to come back is back. */
  end(): void {
    clearTimeout(this.#timer);
    this.#over = true;
  }

  async during(load: Promise<void>): Promise<void> {
    this.#underWay += 1;
    clearTimeout(this.#timer);
    try {
      await load;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#rest(quietMs);
    }
  }

  #rest(ms: number): void {
    if (this.#over) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#over = true;
    }, ms);
    this.#timer.unref();
  }
}
