import type { LoadedModule } from '../../model/context.ts';
import { Live } from './live.ts';
import type { Mount } from './mount.ts';
import { Tally } from './tally.ts';

/** What a request that waits gets to know: who takes it, or that nobody will. */
type Waiter = (live: Live | null) => void;

/** A module that answers requests, over all its starts. */
export class Component {
  name: string;
  mounts: readonly Mount[];
  #tally: Tally | null = null;
  /** Requests under way or waiting. */
  open = 0;
  /** Somebody has said that it goes, and does not come back. */
  removed = false;
  /** Nobody has asked to load it; the start of the gateway before this one had it. */
  expected = false;
  /** Another start of it is on its way. */
  #isComing = true;
  /** In the order of their starts. */
  #lives: Live[] = [];
  #waiting: Set<Waiter> | null = null;

  constructor(name: string, mounts: readonly Mount[]) {
    this.name = name;
    this.mounts = mounts;
  }

  /** Counted from its first request on. */
  get tally(): Tally {
    this.#tally ??= new Tally();
    return this.#tally;
  }

  /** The latest start that takes requests. */
  taking(): Live | null {
    for (let at = this.#lives.length - 1; at >= 0; at -= 1) if (this.#lives[at]?.takes === true) return this.#lives[at] as Live;
    return null;
  }

  /** The one that is to go first. */
  oldest(): Live | null {
    return this.#lives.find(({ leaving }) => !leaving) ?? null;
  }

  get isEmpty(): boolean {
    return this.#lives.length === 0;
  }

  /** Worth waiting for: it is about to take requests, or takes none for a moment. */
  get isComing(): boolean {
    return !this.removed && (this.#isComing || this.#lives.some(({ leaving }) => !leaving));
  }

  coming(): void {
    this.#isComing = true;
  }

  /** Nobody knows when it will be there again. */
  down(): void {
    this.#isComing = false;
    if (this.taking() === null && this.#lives.every(({ leaving }) => leaving)) this.#tell(null);
  }

  add(loaded: LoadedModule): Live {
    const live = new Live(this, loaded);
    this.#lives.push(live);
    this.#isComing = false;
    this.wake();
    void loaded.ended.then(() => this.#ended(live));
    return live;
  }

  remove(): void {
    this.removed = true;
    this.#tell(null);
  }

  /** Null: nobody takes it, or not in time. */
  wait(ms: number, signal: AbortSignal): Promise<Live | null> {
    return new Promise((resolve) => {
      const done: Waiter = (live) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', gone);
        this.#waiting?.delete(done);
        resolve(live);
      };
      const gone = (): void => done(null);
      const timer = setTimeout(gone, ms);
      signal.addEventListener('abort', gone);
      this.#waiting ??= new Set();
      this.#waiting.add(done);
    });
  }

  /** Those that wait do so in vain. */
  turnAway(): void {
    this.#tell(null);
  }

  /** Those that wait are taken if somebody takes requests. */
  wake(): void {
    const live = this.taking();
    if (live !== null) this.#tell(live);
  }

  cut(): void {
    for (const live of this.#lives) live.cut();
  }

  lives(): readonly Live[] {
    return this.#lives;
  }

  #ended(live: Live): void {
    live.cut();
    this.#lives = this.#lives.filter((other) => other !== live);
    // It was not told to go: who waits is not to wait for its restart.
    if (!live.leaving) this.down();
  }

  #tell(live: Live | null): void {
    for (const waiter of [...(this.#waiting ?? [])]) waiter(live);
  }
}
