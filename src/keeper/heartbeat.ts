import type { Clock, Timer } from '../model/ports.ts';

/** Who has answered is asked again after so long. */
export const beatMs = 2000;
/** So long without an answer is a miss. */
export const missMs = 1000;
/** From here on it is said that it does not answer. */
const missesUntilSilent = 3;
/** One that is only slow answers long before: it needs a tenth of a millisecond. */
const usualPatience = 20;

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Misses. */
  readonly patience?: number;
  /** Asks for an answer. */
  ask(): void;
  /** It has not answered for some seconds; false: it does again. */
  silent(isSilent: boolean): void;
  /** It is not waited for any longer; nothing follows. */
  hung(): void;
}

/** Notices that somebody lives and does not answer: is stopped, or hangs. */
export interface Heartbeat {
  /** An answer has come. */
  answered(): void;
  /** Asks now; resolves with the next answer, and never where none comes. */
  answers(): Promise<void>;
  stop(): void;
}

/**
 * Misses are counted one after the other, and between two of them this process has read what there was to be read. So neither a machine
 * that slept nor a daemon that was busy takes the other side for hung.
 */
export function createHeartbeat({ clock, patience = usualPatience, ask, silent, hung }: HeartbeatOptions): Heartbeat {
  let timer: Timer = clock.after(beatMs, beat);
  let isAsked = false;
  let misses = 0;
  let stopped = false;
  let waiting: (() => void)[] = [];

  return {
    answered() {
      if (misses >= missesUntilSilent) silent(false);
      misses = 0;
      isAsked = false;
      next(beatMs, beat);
      const resolved = waiting;
      waiting = [];
      for (const resolve of resolved) resolve();
    },
    answers() {
      const answer = new Promise<void>((resolve) => waiting.push(resolve));
      if (!isAsked) beat();
      return answer;
    },
    stop() {
      stopped = true;
      timer.cancel();
    },
  };

  function next(ms: number, fn: () => void): void {
    timer.cancel();
    if (!stopped) timer = clock.after(ms, fn);
  }

  function beat(): void {
    isAsked = true;
    ask();
    next(missMs, miss);
  }

  function miss(): void {
    misses += 1;
    if (misses === missesUntilSilent) silent(true);
    if (misses < patience) next(missMs, miss);
    else hung();
  }
}
