import { randomUUID } from 'node:crypto';
import type { Clock, Random } from '../model/ports.ts';

const longest = 2 ** 31 - 1; // setTimeout takes no more, some 24 days; beyond it fires at once

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      timer = setTimeout(() => (left > longest ? wait(left - longest) : fn()), Math.min(left, longest));
      timer.unref();
    };
    wait(ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

export const systemRandom: Random = { next: () => Math.random(), id: () => randomUUID() };
