import { canonicalJson } from '../../model/canonical.ts';
import type { Health } from '../../model/fields/probes.ts';
import type { Clock, Random, Timer } from '../../model/ports.ts';
import { formatDuration } from '../../model/units.ts';
import type { RunAside } from './aside.ts';
import { probeOf } from './probes/make.ts';
import { tryOnce } from './probes/poll.ts';
import type { Probe } from './probes/probe.ts';

/** Each interval is up to this share longer or shorter by chance, so that modules do not ask all at once. */
const jitter = 0.1;

export interface HealthPorts {
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  readonly run: RunAside;
  /** Why the program is not well, again each time that is found; null, once: it is well again. */
  report(failure: string | null): void;
}

/** Tests a program again and again while it runs; one test at a time, the next one an interval after the end of the last. */
export interface HealthMonitor {
  /** It runs from now on. */
  start(): void;
  /** Another test, or none; the one it is watched by counts from its beginning. */
  update(health: Health | undefined): void;
  /** The program says that it is well, or (`trigger`) that it is not. */
  watchdog(said: 'alive' | 'trigger'): void;
  /** How often it will say so from now on. */
  watchdogEvery(ms: number): void;
  /** It does not run any more. Idempotent. */
  stop(): void;
  /** Whether it was said last that it is not well. */
  isUnwell(): boolean;
  /** Whether it was found well since it runs, by the test it is watched by now; without one it is. */
  isProven(): boolean;
}

export function createHealthMonitor(
  first: Health | undefined,
  { clock, random, run, report }: HealthPorts,
  wasUnwell = false,
): HealthMonitor {
  let health = first;
  let running = false;
  let unwell = wasUnwell;
  let proven = false;
  let failures = 0;
  let timer: Timer | null = null;
  let abort = (): void => {};
  /** What it was told at its start, which is all that it can go by. */
  let watchdogMs = first?.watchdog ?? null;
  /** Counts tests that were given up: one of them has nothing to say any more. */
  let round = 0;

  return {
    start() {
      running = true;
      begin();
    },
    update(next) {
      if (canonicalJson(next ?? null) === canonicalJson(health ?? null)) return;
      health = next;
      rest();
      proven = false;
      if (next === undefined) judge(null);
      if (running) begin();
    },
    watchdog(said) {
      if (!running || health?.watchdog === undefined) return;
      if (said === 'trigger') judge('it said WATCHDOG=trigger');
      else {
        judge(null);
        expect();
      }
    },
    watchdogEvery(ms) {
      watchdogMs = ms;
      if (running && health?.watchdog !== undefined) expect();
    },
    stop() {
      running = false;
      rest();
    },
    isUnwell: () => unwell,
    isProven: () => health === undefined || proven,
  };

  function begin(): void {
    if (health === undefined) return;
    const probe = probeOf(health, run);
    if (probe === null) expect();
    else next(probe, random.next());
  }

  function rest(): void {
    round += 1;
    failures = 0;
    timer?.cancel();
    abort();
  }

  function next(probe: Probe, share: number): void {
    timer = clock.after((health?.interval ?? 0) * share, () => void test(probe));
  }

  async function test(probe: Probe): Promise<void> {
    const mine = round;
    const failure = await tryOnce(probe, health?.timeout ?? 0, clock, (stop) => {
      abort = stop;
    });
    if (mine !== round || health === undefined) return;
    failures = failure === null ? 0 : failures + 1;
    if (failure === null) judge(null);
    else if (failures >= health.failures) judge(`${probe.what}: ${failure}${failures > 1 ? ` (${failures} times)` : ''}`);
    // What is said of it may have ended it.
    if (mine === round) next(probe, 1 - jitter + 2 * jitter * random.next());
  }

  function judge(failure: string | null): void {
    proven = failure === null;
    if (proven && !unwell) return;
    unwell = failure !== null;
    report(failure);
  }

  /** Said once per period that it does not keep. */
  function expect(): void {
    timer?.cancel();
    if (watchdogMs === null) return;
    const ms = watchdogMs;
    timer = clock.after(ms, () => {
      judge(`no WATCHDOG=1 within ${formatDuration(ms)}`);
      if (running) expect();
    });
  }
}
