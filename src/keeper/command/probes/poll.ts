import type { Clock, Timer } from '../../../model/ports.ts';
import type { Probe } from './probe.ts';

/** Between two attempts; the first ones follow each other more quickly. */
const firstPauseMs = 20;
const longestPauseMs = 250;
const costlyPauseMs = 1000;
/** A single attempt that takes longer has failed: what is asked may have hung before it was up. */
const attemptMs = 5000;

/** A test that is tried until it passes. */
export interface Polling {
  /** Resolves when it passes; never rejects, and never settles after `cancel`. */
  readonly passed: Promise<void>;
  /** Why it did not pass when it was last tried. */
  why(): string;
  cancel(): void;
}

export function poll(probe: Probe, clock: Clock): Polling {
  let why = 'not tried yet';
  let timer: Timer | null = null;
  let pauseMs = firstPauseMs;
  let cancelled = false;
  let abort = (): void => {};
  let pass: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  void attempt();
  return {
    passed,
    why: () => `${probe.what}: ${why}`,
    cancel() {
      cancelled = true;
      timer?.cancel();
      abort();
    },
  };

  async function attempt(): Promise<void> {
    const failure = await tryOnce(probe, attemptMs, clock, (stop) => {
      abort = stop;
    });
    if (cancelled) return;
    if (failure === null) {
      pass();
      return;
    }
    why = failure;
    timer = clock.after(pauseMs, () => void attempt());
    pauseMs = Math.min(pauseMs * 2, probe.costly ? costlyPauseMs : longestPauseMs);
  }
}

/** One attempt, given up after `ms`; `stoppable` gets what gives it up before. */
export async function tryOnce(probe: Probe, ms: number, clock: Clock, stoppable: (stop: () => void) => void): Promise<string | null> {
  const controller = new AbortController();
  const late = clock.after(ms, () => controller.abort());
  stoppable(() => controller.abort());
  try {
    return await probe.attempt(controller.signal);
  } finally {
    late.cancel();
  }
}
