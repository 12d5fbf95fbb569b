import { type Mount, mountText } from './mount.ts';

interface Held {
  check(mounts: readonly Mount[], name: string, leaves: (holder: string, mount: Mount) => boolean): void;
}

/** One edit may give a place to one component that another leaves: for so long it is waited for that. */
const patienceMs = 2000;

/** Who waits for places that others have; who waits leaves its own to others. */
export class Places {
  readonly #held: Held;
  readonly #yields: (holder: string) => boolean;
  /** By name of who waits, where it wants to be. */
  readonly #wanted = new Map<string, ReadonlySet<string>>();
  readonly #waiting = new Set<() => void>();

  /** `yields`: that one leaves its places to anybody. */
  constructor(held: Held, yields: (holder: string) => boolean) {
    this.#held = held;
    this.#yields = yields;
  }

  /** Throws EEXIST if one of them is another's who does not leave it. */
  check(mounts: readonly Mount[], name: string): void {
    const leaves = (holder: string, mount: Mount): boolean =>
      this.#yields(holder) || this.#wanted.get(holder)?.has(mountText(mount)) === false;
    this.#held.check(mounts, name, leaves);
  }

  /** As `check`, but for giving others a while to leave. */
  async free(mounts: readonly Mount[], name: string): Promise<void> {
    if (this.#isFree(mounts, name)) return;
    this.#wanted.set(name, new Set(mounts.map(mountText)));
    this.moved();
    try {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (this.#isFree(mounts, name)) done();
        };
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve();
        };
        const timer = setTimeout(done, patienceMs);
        this.#waiting.add(look);
      });
    } finally {
      this.#wanted.delete(name);
    }
    this.check(mounts, name);
  }

  /** Somebody has left a place, or is going to. */
  moved(): void {
    for (const look of [...this.#waiting]) look();
  }

  #isFree(mounts: readonly Mount[], name: string): boolean {
    try {
      this.check(mounts, name);
      return true;
    } catch {
      return false;
    }
  }
}
