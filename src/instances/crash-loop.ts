import type { Spec } from '../model/fields/table.ts';
import type { Clock, Timer } from '../model/ports.ts';
import { formatDuration } from '../model/units.ts';
import type { CrashLoopHeritage } from './heritage.ts';

/**
 * A module that ends again and again is in a crash loop, also where it runs long enough in between for its delays to begin
 * anew: by so many restarts within so many times `restart.backoff.resetAfter` (10 minutes by default), until it has run
 * for `holds` times that without one.
 */
const bounds = { restarts: 5, within: 60, holds: 12 };

export interface CrashLoopPorts {
  readonly clock: Clock;
  spec(): Spec;
  /** It is in one; told again with each restart. */
  looping(reason: string): void;
  /** It is in none any more: because it held, or because what was before does not count. */
  over(held: boolean): void;
}

/** Counts the restarts of one module after ends of its own. */
export class CrashLoop {
  readonly #ports: CrashLoopPorts;
  #times: readonly number[] = [];
  #looping = false;
  #holding: Timer | null = null;
  #holdsAt: number | null = null;

  constructor(ports: CrashLoopPorts) {
    this.#ports = ports;
  }

  /** It ended, and is to be started again. */
  count(reason: string): void {
    const { clock, looping } = this.#ports;
    const within = this.#unit() * bounds.within;
    this.#rest();
    this.#times = [...this.#times, clock.now()].filter((time) => clock.now() - time < within);
    if (this.#times.length < bounds.restarts) return;
    this.#looping = true;
    looping(`restarted ${this.#times.length} times within ${formatDuration(within)}; last: ${reason}`);
  }

  /** It runs: it holds, if it does so for long enough. */
  running(): void {
    if (!this.#looping) return;
    this.#hold(this.#unit() * bounds.holds);
  }

  heritage(): CrashLoopHeritage {
    return { times: this.#times, looping: this.#looping, holdsAt: this.#holdsAt };
  }

  /** Of another daemon. */
  inherit({ times, looping, holdsAt }: CrashLoopHeritage): void {
    this.#times = times;
    this.#looping = looping;
    if (holdsAt !== null) this.#hold(Math.max(0, holdsAt - this.#ports.clock.now()));
  }

  /** What was before does not count any more. */
  reset(): void {
    this.#end(false);
  }

  #hold(ms: number): void {
    this.#rest();
    this.#holdsAt = this.#ports.clock.now() + ms;
    this.#holding = this.#ports.clock.after(ms, () => this.#end(true));
  }

  #rest(): void {
    this.#holding?.cancel();
    this.#holding = null;
    this.#holdsAt = null;
  }

  #end(held: boolean): void {
    this.#rest();
    this.#times = [];
    if (this.#looping) this.#ports.over(held);
    this.#looping = false;
  }

  #unit(): number {
    return this.#ports.spec().restart.backoff.resetAfter;
  }
}
