/** What a module saved before its service is replaced; it comes back with that, whichever way it ends until then. */
export class Suspension {
  #saved: Saved | null = null;
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get active(): boolean {
    return this.#saved !== null;
  }

  get state(): Uint8Array | null {
    return this.#saved?.state ?? null;
  }

  begin(state: Uint8Array | null): void {
    this.#saved = { state };
  }

  /** Whoever takes it starts the module with it, and sees to those who wait for that. */
  take(): Saved | null {
    const saved = this.#saved;
    this.#saved = null;
    return saved;
  }

  /** It is over, one way or the other. Idempotent. */
  end(): void {
    if (this.take() !== null) this.#onEnd();
  }
}

/** Why it is down. */
export const withService = 'stopped with its service';

interface Saved {
  readonly state: Uint8Array | null;
}
