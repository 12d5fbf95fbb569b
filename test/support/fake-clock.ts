import type { Clock } from '../../src/model/ports.ts';

export interface FakeClock extends Clock {
  /** Lets `ms` pass: due timers run in order of their time, and what they set going goes on between them. */
  advance(ms: number): Promise<void>;
  /** Somebody sets the clock: timers come as they would have. */
  jump(ms: number): void;
  /** Lets what is pending without a timer go on. */
  flush(): Promise<void>;
  /** Timers that are set, e.g. to see that none is left behind. */
  pending(): number;
}

interface FakeTimer {
  at: number;
  readonly fn: () => void;
}

/** A clock that stands still until it is told to go on. */
export function createFakeClock(start = Date.UTC(2030, 0, 1)): FakeClock {
  // Equal times run in the order they were set: a Set keeps it.
  const timers = new Set<FakeTimer>();
  let now = start;

  return {
    now: () => now,
    after: (ms, fn) => {
      const timer = { at: now + Math.max(0, ms), fn };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance: async (ms) => {
      const end = now + ms;
      await flush();
      for (let timer = next(end); timer !== null; timer = next(end)) {
        timers.delete(timer);
        now = timer.at;
        timer.fn();
        await flush();
      }
      now = end;
    },
    jump: (ms) => {
      now += ms;
      for (const timer of timers) timer.at += ms;
    },
    flush,
    pending: () => timers.size,
  };

  function next(end: number): FakeTimer | null {
    let first: FakeTimer | null = null;
    for (const timer of timers) if (timer.at <= end && (first === null || timer.at < first.at)) first = timer;
    return first;
  }
}

/** An immediate runs only after every promise that could go on has done so. */
function flush(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
