import { randomUUID } from 'node:crypto';
import type { Clock, Random } from '../model/ports.ts';

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = { next: () => Math.random(), id: () => randomUUID() };
