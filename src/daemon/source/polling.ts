import type { Clock, Random, Timer } from '../../model/ports.ts';

export interface PollingOptions {
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  /** Never rejects. */
  look(): Promise<void>;
}

export interface Polling {
  /** How often to look from now on, in ms; 0: only when asked. `isNew`: there is something else to look at, so the first look is soon. */
  every(interval: number, isNew: boolean): void;
  /** Looks at once, or again after the look under way. */
  now(): void;
  close(): void;
}

/** One after the other, and not all hosts at the same moment: each wait is up to a tenth shorter or longer than it is said to be. */
export function createPolling({ clock, random, look }: PollingOptions): Polling {
  let interval = 0;
  let timer: Timer | null = null;
  let looking = false;
  let again = false;
  let closed = false;

  const schedule = (wait: number): void => {
    timer?.cancel();
    timer = interval === 0 || closed ? null : clock.after(wait, begin);
  };
  const begin = (): void => {
    if (looking) again = true;
    if (looking || closed) return;
    timer?.cancel();
    looking = true;
    void look().finally(() => {
      looking = false;
      if (again && !closed) {
        again = false;
        begin();
      } else schedule(interval * (0.9 + random.next() / 5));
    });
  };

  return {
    every(wanted, isNew) {
      if (wanted === interval && !isNew) return;
      interval = wanted;
      if (!looking) schedule(isNew ? Math.min(interval, soonMs * (0.5 + random.next())) : interval * (0.9 + random.next() / 5));
    },
    now: begin,
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

/** After a start of the daemon, which has enough to do. */
const soonMs = 2000;
