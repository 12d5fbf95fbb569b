import type { Clock, Timer } from '../../model/ports.ts';

/** A clock whose timers wait while it stands: then nothing happens because of the time. */
export interface PausableClock extends Clock {
  pause(): void;
  resume(): void;
}

export function pausable(clock: Clock, isPaused: boolean): PausableClock {
  let paused = isPaused;
  const due = new Set<() => void>();

  return {
    now: clock.now,
    after(ms, fn): Timer {
      const timer = clock.after(ms, () => {
        if (paused) due.add(fn);
        else fn();
      });
      return {
        cancel() {
          timer.cancel();
          due.delete(fn);
        },
      };
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      const late = [...due];
      due.clear();
      for (const fn of late) fn();
    },
  };
}
