import { MusterError } from '../../model/error.ts';
import type { WaitFor } from '../../model/fields/probes.ts';
import type { Clock, Timer } from '../../model/ports.ts';
import { formatDuration } from '../../model/units.ts';
import type { RunAside } from './aside.ts';
import { probeOf } from './probes/make.ts';
import { type Polling, poll } from './probes/poll.ts';

export interface WaitPorts {
  readonly clock: Clock;
  readonly run: RunAside;
  /** Ends the wait: the module is not wanted any more. */
  readonly signal: AbortSignal;
  /** What is waited for, in words; null: no longer. */
  waiting(what: string | null): void;
}

/** Waits for what has to be there before the launch. Rejects with ETIMEDOUT, or with ECANCELED where the wait was ended. */
export async function waitBefore(name: string, waitFor: WaitFor, { clock, run, signal, waiting }: WaitPorts): Promise<void> {
  const probe = probeOf(waitFor, run);
  const polling = probe === null ? pause(waitFor.delay ?? 0, clock) : poll(probe, clock);
  waiting(probe?.what ?? `${formatDuration(waitFor.delay ?? 0)} to pass`);
  let late: Timer | null = null;
  let cancel: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      cancel = () =>
        reject(new MusterError('ECANCELED', `the start of ${name} was cancelled while it waited for ${probe?.what ?? 'its delay'}`));
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel);
      // A delay is over when it is over.
      if (probe !== null) late = clock.after(waitFor.timeout, () => reject(tooLate(name, waitFor.timeout, polling.why())));
      void polling.passed.then(resolve);
    });
    waiting(null);
  } finally {
    signal.removeEventListener('abort', cancel);
    (late as Timer | null)?.cancel();
    polling.cancel();
  }
}

function pause(ms: number, clock: Clock): Polling {
  let pass: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  const timer = clock.after(ms, pass);
  return { passed, why: () => '', cancel: () => timer.cancel() };
}

function tooLate(name: string, ms: number, why: string): MusterError {
  return new MusterError('ETIMEDOUT', `${name} was not started: it waited ${formatDuration(ms)} in vain (waitFor): ${why}`, {
    hint: 'What it waits for has to be there first; if that takes longer, raise waitFor.timeout.',
  });
}
