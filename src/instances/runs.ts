import type { StatusLevel } from '../model/documents.ts';
import type { Dismissal, Driver, Launch } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { Target } from '../model/instances.ts';
import type { RunHeritage } from './heritage.ts';
import type { InstancePorts } from './instance-ports.ts';
import { type Run, type RunEnd, startRun } from './run.ts';
import { replaces, type Said } from './shown-status.ts';
import { Waiters } from './waiters.ts';

/** Who waits for a start. */
export interface Starting {
  resolve(): void;
  reject(error: MusterError): void;
}

/** A run that is to take over from the one that has the name. */
export interface Next {
  readonly role: 'next';
  readonly run: Run;
  readonly target: Target;
  readonly starting: Starting;
  /** The status it gave itself so far. */
  said: Said | null;
}

type RunsPorts = Pick<InstancePorts, 'clock' | 'log' | 'starts'>;
type Beside = Next | { readonly role: 'leaving'; readonly run: Run };

/** What the module is told of its runs. */
export interface RunsOwner {
  /** How long one that is told to stop may take, ms. */
  stopTimeout(): number;
  /** What those hear who waited for a start that was told to stop. */
  cancelled(): MusterError;
  /** The one that was started runs. */
  running(): void;
  /** `next` has the name: it is ready; or not yet, and `why` tells that the one before it ends by itself. */
  passedOn(next: Next, why: string | null): void;
  finalizing(): void;
  status(level: StatusLevel, message: string, override?: boolean): void;
  /** The one with the name waits for this before its launch; null: no longer. */
  waiting(what: string | null): void;
  /** Why the one that runs is not well; null: it is again. */
  health(failure: string | null): void;
  /** One was killed and is still not gone. */
  stuck(): void;
  /** The one with the name has ended, and another is still on its way out. */
  lingers(end: RunEnd): void;
  /** One that has the name no more is gone. */
  left(end: RunEnd): void;
  /** Nothing of it runs any more. */
  gone(end: RunEnd): void;
}

/**
 * What runs of one module: the run that has its name, and during a reload with overlap a second one, that is to take over or
 * was taken over from. When the one with the name is gone, the other has it, whatever it was there for.
 */
export class Runs {
  current: Run | null = null;
  beside: Beside | null = null;
  /** Why they were told to stop; an end after that is no failure. */
  asked: string | null = null;
  /** The next daemon has it. */
  left = false;
  readonly #ports: RunsPorts;
  readonly #owner: RunsOwner;
  /** How the one with the name ended, while one that had it before is still there. */
  #end: RunEnd | null = null;
  /** Who waited for a run that was told to stop before it could take over. */
  #cancelled: Starting | null = null;
  readonly #whenGone = new Waiters();
  readonly #whenAlone = new Waiters();

  constructor(ports: RunsPorts, owner: RunsOwner) {
    this.#ports = ports;
    this.#owner = owner;
  }

  all(): Run[] {
    return [this.current, this.beside?.run].filter((run) => run != null);
  }

  /** Nothing of it may be running. */
  start(driver: Driver, launch: Launch): void {
    this.asked = null;
    this.current = this.#begin(driver, launch);
  }

  /** What another daemon has started. */
  inherit(driver: Driver, heritage: RunHeritage): void {
    this.current = this.#begin(driver, heritage.launch, heritage);
  }

  /** Whether all that runs can be handed over now. */
  isSteady(): boolean {
    return this.beside === null && (this.current === null || this.current.isSteady());
  }

  /** Resolves once it has taken over, and the one before it is on its way out; rejects when it is gone without. */
  startBeside(driver: Driver, launch: Launch, target: Target): Promise<void> {
    return new Promise((resolve, reject) => {
      this.beside = { role: 'next', run: this.#begin(driver, launch), target, starting: { resolve, reject }, said: null };
    });
  }

  /** Resolves when all are gone. */
  stop(reason: string, cancel: boolean, why: Dismissal): Promise<void> {
    this.asked = reason;
    const gone = this.gone();
    const timeout = this.#owner.stopTimeout();
    for (const run of this.all()) {
      if (cancel) run.kill();
      else run.stop(timeout, { why });
    }
    return gone;
  }

  /** Leaves it to the next daemon, but for one that is to take over; false: it has to be stopped. */
  async leave(): Promise<boolean> {
    await this.alone();
    const leaving = this.current?.leave() ?? null;
    this.left = leaving !== null;
    await leaving;
    return this.left;
  }

  /** Resolves when there is no second one; one that is to take over is not to. */
  alone(): Promise<void> {
    const { beside } = this;
    if (beside?.role === 'next') beside.run.kill();
    return beside === null ? Promise.resolve() : this.#whenAlone.wait();
  }

  gone(): Promise<void> {
    return this.current === null ? Promise.resolve() : this.#whenGone.wait();
  }

  /** Each event of a run is taken for what the run is by then. */
  #begin(driver: Driver, launch: Launch, inherited?: RunHeritage): Run {
    const owner = this.#owner;
    const { clock, log, starts } = this.#ports;
    const begun = clock.now();
    let run: Run | null = null;
    const isBeside = (): boolean => run !== null && this.beside?.run === run;
    run = startRun({
      driver,
      launch,
      clock,
      log,
      stopTimeoutMs: owner.stopTimeout,
      inherited,
      owner: {
        running: () => {
          // One that an earlier daemon has started was not started now.
          if (run === null || run.startedAt >= begun) starts.add(launch.kind, 'ok', clock.now() - begun);
          if (isBeside()) this.#takeOver();
          else owner.running();
        },
        finalizing: () => {
          if (!isBeside()) this.#onFinalizing();
        },
        status: (level, message, override) => {
          if (!isBeside()) owner.status(level, message, override);
          else if (this.beside?.role === 'next' && replaces(level, this.beside.said, override)) this.beside.said = { level, message };
        },
        waiting: (what) => {
          if (!isBeside()) owner.waiting(what);
        },
        health: (failure) => {
          if (!isBeside()) owner.health(failure);
        },
        stuck: owner.stuck,
        gone: (end) => {
          if (end.startError !== null) starts.add(launch.kind, 'failed', clock.now() - begun);
          if (isBeside()) this.#onBesideGone(end);
          else this.#onGone(end);
        },
      },
    });
    return run;
  }

  #takeOver(): void {
    const { beside: next, current: old } = this;
    if (next?.role !== 'next' || old === null) return;
    const timeout = this.#owner.stopTimeout();
    this.current = next.run;
    this.beside = { role: 'leaving', run: old };
    this.#owner.passedOn(next, null);
    old.stop(timeout, { replaced: true, why: 'replaced' });
    next.starting.resolve();
  }

  #onFinalizing(): void {
    const { beside, current } = this;
    if (beside?.role !== 'next' || current === null) {
      this.#owner.finalizing();
      return;
    }
    this.current = beside.run;
    this.beside = { role: 'leaving', run: current };
    this.#owner.passedOn(beside, 'finalizing by itself');
  }

  #onGone(end: RunEnd): void {
    const { beside } = this;
    this.current = beside?.run ?? null;
    this.beside = null;
    if (beside === null) this.#onAllGone(end);
    else if (beside.role === 'next' && this.asked === null) {
      this.#owner.left(end);
      this.#owner.passedOn(beside, end.ended.reason);
    } else this.#linger(beside, end);
    if (beside !== null) this.#whenAlone.release();
  }

  /** What is left is on its way out; where nobody asked for that, nobody waits for it either: the module is down. */
  #linger(beside: Beside, end: RunEnd): void {
    this.#end = end;
    if (beside.role === 'next') this.#cancelled = beside.starting;
    if (this.asked === null) beside.run.kill();
    this.#owner.lingers(end);
  }

  #onAllGone(last: RunEnd): void {
    const end = this.#end ?? last;
    const cancelled = this.#cancelled;
    this.#end = null;
    this.#cancelled = null;
    this.#owner.gone(end);
    cancelled?.reject(this.#owner.cancelled());
    this.#whenGone.release();
  }

  #onBesideGone(end: RunEnd): void {
    const { beside } = this;
    this.beside = null;
    if (beside?.role === 'next') beside.starting.reject(this.asked === null ? failureOf(end) : this.#owner.cancelled());
    else this.#owner.left(end);
    this.#whenAlone.release();
  }
}

/** Why a run never got as far as running. */
export function failureOf({ startError, ended }: RunEnd): MusterError {
  return startError ?? new MusterError('EFAILED', `ended before it ran: ${ended.reason}`);
}
