import type { Spec } from '../model/fields/table.ts';
import type { Clock, Random, Timer } from '../model/ports.ts';
import { noHistory } from './restart-policy.ts';
import { type OwnEnd, type Verdict, verdictOn } from './verdict.ts';

/** What comes after the ends of one module that nobody asked for: its policy, what that remembers, and the timer between two runs. */
export class Restarts {
  /** Since it was last started by someone's will. */
  count = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  #history = noHistory;
  #due: { readonly timer: Timer; readonly restart: () => void } | null = null;

  constructor({ clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** It is started by someone's will: what was before does not count. */
  reset(): void {
    this.cancel();
    this.count = 0;
    this.#history = noHistory;
  }

  /** What becomes of it; where it is to be started again `restart` is called in time, unless that is cancelled. */
  after(end: OwnEnd, spec: Spec, restart: () => void): Verdict {
    const verdict = verdictOn(end, spec, this.#history, this.#clock.now(), this.#random.next());
    if (verdict.is !== 'backOff') return verdict;
    this.#history = verdict.history;
    this.#schedule(verdict.delayMs, restart);
    return verdict;
  }

  /** If it is to be started again, then so soon, however long it would have waited. */
  hasten(delayMs: number): void {
    if (this.#due !== null) this.#schedule(delayMs, this.#due.restart);
  }

  cancel(): void {
    this.#due?.timer.cancel();
    this.#due = null;
  }

  #schedule(delayMs: number, restart: () => void): void {
    this.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#due = null;
      this.count += 1;
      restart();
    });
    this.#due = { timer, restart };
  }
}
