import type { Spec } from '../model/fields/table.ts';
import type { Clock, Random, Timer } from '../model/ports.ts';
import type { RestartsHeritage } from './heritage.ts';
import { noHistory } from './restart-policy.ts';
import { type OwnEnd, type Verdict, verdictOn } from './verdict.ts';

/** After its service has come back. */
const soonMs = 100;
/** A reload of its service is planned together with its own, which gets there first also on a busy machine: nothing is started twice. */
const planMs = 500;

/** What comes after the ends of one module that nobody asked for: its policy, what that remembers, and the timer between two runs. */
export class Restarts {
  /** Since it was last started by someone's will. */
  count = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #mayStart: () => boolean;
  #history = noHistory;
  /** Without a timer its time has come, and it waits for what it cannot run without. */
  #due: { readonly timer: Timer | null; readonly at: number; readonly retryMs: number; readonly restart: () => void } | null = null;

  /** `mayStart`: whether the service that loads it is there. */
  constructor({ clock, random }: { clock: Clock; random: Random }, mayStart: () => boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#mayStart = mayStart;
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
    this.#schedule(verdict.delayMs, () => {
      this.count += 1;
      restart();
    });
    return verdict;
  }

  heritage(): RestartsHeritage {
    const due = this.#due;
    return { count: this.count, history: this.#history, due: due === null ? null : { at: due.timer === null ? null : due.at } };
  }

  /** Of another daemon. `byPolicy`: a restart that is due counts as one. */
  inherit({ count, history, due }: RestartsHeritage, restart: () => void, byPolicy: boolean): void {
    this.count = count;
    this.#history = history;
    if (due === null) return;
    this.#schedule(Math.max(0, (due.at ?? 0) - this.#clock.now()), () => {
      if (byPolicy) this.count += 1;
      restart();
    });
  }

  /** It was stopped together with its service, and is to be started again with that; no policy has a say in it. */
  withService(restart: () => void): void {
    this.#schedule(planMs, restart, planMs);
  }

  /** What it waits for may be there now. */
  retry(): void {
    if (this.#due?.timer === null) this.#schedule(this.#due.retryMs, this.#due.restart);
  }

  cancel(): void {
    this.#due?.timer?.cancel();
    this.#due = null;
  }

  /** `retryMs`: how long after its service has come back, if that is waited for. */
  #schedule(delayMs: number, restart: () => void, retryMs = soonMs): void {
    this.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#due = this.#mayStart() ? null : { timer: null, at: this.#clock.now(), retryMs, restart };
      if (this.#due === null) restart();
    });
    this.#due = { timer, at: this.#clock.now() + delayMs, retryMs, restart };
  }
}
