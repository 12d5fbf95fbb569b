import type { Clock } from '../../src/model/ports.ts';

/** The clock of one daemon: nothing of it happens once that daemon is dead. */
export function mortal(clock: Clock, daemon: { dead: boolean }): Clock {
  return {
    now: () => clock.now(),
    after: (ms, fn) =>
      clock.after(ms, () => {
        if (!daemon.dead) fn();
      }),
  };
}
