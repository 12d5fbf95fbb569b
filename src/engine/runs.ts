import { MusterError } from '../model/error.ts';
import type { Clock, Timer } from '../model/ports.ts';

/** A run that is asked for. Runs of the same key that have not begun yet are one. */
export interface RunRequest<O> {
  key: string;
  /** Who or what asks, e.g. `sighup`, `watch`, `reload`. */
  trigger: string;
  options: O;
  /** ms to wait for the runs before it to end; without it as long as it takes. */
  lockTimeout?: number | undefined;
}

export interface Runs<O, R> {
  /** Resolves with the result of the first run that begins after this call. Rejects with EALREADY after `lockTimeout`. */
  request(request: RunRequest<O>): Promise<R>;
  /** What triggered the run under way, or null. */
  current(): string | null;
  /** Resolves when no run is under way or waiting. */
  idle(): Promise<void>;
}

interface Waiting<O, R> {
  key: string;
  triggers: string[];
  options: O[];
  waiters: { resolve(result: R): void; reject(error: unknown): void; timer: Timer | null }[];
}

/** One run at a time; N requests during one make exactly one more of each key. */
export function createRuns<O, R>(clock: Clock, execute: (options: readonly O[], trigger: string) => Promise<R>): Runs<O, R> {
  const queue: Waiting<O, R>[] = [];
  let current: string | null = null;
  const idlers: (() => void)[] = [];

  const begin = async (): Promise<void> => {
    if (current !== null) return;
    const next = queue.shift();
    if (next === undefined) {
      for (const resolve of idlers.splice(0)) resolve();
      return;
    }
    current = [...new Set(next.triggers)].join(', ');
    for (const waiter of next.waiters) waiter.timer?.cancel();
    try {
      const result = await execute(next.options, current);
      for (const waiter of next.waiters) waiter.resolve(result);
    } catch (error) {
      for (const waiter of next.waiters) waiter.reject(error);
    } finally {
      current = null;
      void begin();
    }
  };

  return {
    current: () => current,
    idle: () => (current === null && queue.length === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    request({ key, trigger, options, lockTimeout }) {
      let entry = queue.find((waiting) => waiting.key === key);
      if (entry === undefined) {
        entry = { key, triggers: [], options: [], waiters: [] };
        queue.push(entry);
      }
      entry.triggers.push(trigger);
      entry.options.push(options);
      const { waiters } = entry;
      const promise = new Promise<R>((resolve, reject) => {
        const timer = lockTimeout === undefined || current === null ? null : clock.after(lockTimeout, () => giveUp(waiter));
        const waiter = { resolve, reject, timer };
        waiters.push(waiter);
      });
      const giveUp = (waiter: (typeof waiters)[number]): void => {
        waiters.splice(waiters.indexOf(waiter), 1);
        if (waiters.length === 0)
          queue.splice(
            queue.findIndex((waiting) => waiting.waiters === waiters),
            1,
          );
        waiter.reject(new MusterError('EALREADY', `a run asked for by ${current} is still in progress after ${lockTimeout} ms`));
      };
      queueMicrotask(() => void begin());
      return promise;
    },
  };
}
