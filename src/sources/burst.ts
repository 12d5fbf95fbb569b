import type { Clock, Timer } from '../model/ports.ts';

export interface BurstOptions {
  clock: Clock;
  quietMs: number;
  /** A burst that does not end is cut off here. */
  longestMs: number;
  onOver(): void;
}

/** Many events in, one call out once it is quiet. */
export function createBurst({ clock, quietMs, longestMs, onOver }: BurstOptions) {
  let timer: Timer | null = null;
  let since = 0;
  return {
    event(): void {
      const now = clock.now();
      if (timer === null) since = now;
      timer?.cancel();
      timer = clock.after(Math.max(0, Math.min(quietMs, since + longestMs - now)), () => {
        timer = null;
        onOver();
      });
    },
    cancel(): void {
      timer?.cancel();
      timer = null;
    },
  };
}
