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

interface Waiter<O, R> {
  request: RunRequest<O>;
  resolve(result: R): void;
  reject(error: unknown): void;
  timer: Timer | null;
}

interface Waiting<O, R> {
  key: string;
  waiters: Waiter<O, R>[];
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
    const { waiters } = next;
    current = [...new Set(waiters.map(({ request }) => request.trigger))].join(', ');
    for (const waiter of waiters) waiter.timer?.cancel();
    try {
      const result = await execute(
        waiters.map(({ request }) => request.options),
        current,
      );
      for (const waiter of waiters) waiter.resolve(result);
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error);
    } finally {
      current = null;
      void begin();
    }
  };

  /** Whoever gives up asks for nothing any more; a run that nobody else asked for does not happen. */
  const giveUp = (waiter: Waiter<O, R>, waiting: Waiting<O, R>): void => {
    waiting.waiters.splice(waiting.waiters.indexOf(waiter), 1);
    if (waiting.waiters.length === 0) queue.splice(queue.indexOf(waiting), 1);
    const message = `a run asked for by ${current} is still in progress after ${waiter.request.lockTimeout} ms`;
    waiter.reject(new MusterError('EALREADY', message, { hint: 'try again, with a longer --lock-timeout or none' }));
  };

  return {
    current: () => current,
    idle: () => (current === null && queue.length === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    request(request) {
      const { key, lockTimeout } = request;
      let waiting = queue.find((entry) => entry.key === key);
      if (waiting === undefined) {
        waiting = { key, waiters: [] };
        queue.push(waiting);
      }
      const entry = waiting;
      const promise = new Promise<R>((resolve, reject) => {
        const waiter: Waiter<O, R> = { request, resolve, reject, timer: null };
        if (lockTimeout !== undefined) waiter.timer = clock.after(lockTimeout, () => giveUp(waiter, entry));
        entry.waiters.push(waiter);
      });
      queueMicrotask(() => void begin());
      return promise;
    },
  };
}
