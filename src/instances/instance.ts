import type { LastExit } from '../model/documents.ts';
import type { Launch } from '../model/driver.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { Spec } from '../model/fields/table.ts';
import type { Target } from '../model/instances.ts';
import type { Finished, Loaded, LoadedRecord } from '../model/module.ts';
import { isOneshot } from '../model/oneshot.ts';
import type { CrashLoop } from './crash-loop.ts';
import { onHealth, watchCrashLoop } from './health.ts';
import type { InstancePorts, StopOptions } from './instance-ports.ts';
import { createLoaded } from './loaded.ts';
import { afterOwnEnd, type Begun, onFinished } from './own-end.ts';
import { lastExitOf, launchOf, recordOf, renamed, sameRun } from './record.ts';
import { Restarts } from './restarts.ts';
import type { Run, RunEnd } from './run.ts';
import { failureOf, type Next, Runs, type RunsOwner } from './runs.ts';
import { ShownStatus } from './shown-status.ts';
import { Standing } from './standing.ts';
import { Suspension, withService } from './suspension.ts';

/**
 * One listed module: its record, its state, what runs of it and its restarts. Every change comes through `start`, `stop`,
 * an event of a run, or the timer between two restarts.
 */
export class Instance {
  name: string;
  record: LoadedRecord;
  /** For the planner. */
  readonly loaded: () => Loaded = createLoaded(this);
  started = false;
  lastExit: LastExit | null = null;
  readonly standing: Standing;
  readonly restarts: Restarts;
  readonly status: ShownStatus;
  readonly crashLoop: CrashLoop;
  readonly runs: Runs;
  readonly suspension: Suspension;
  /** When the run that is or was last began. */
  startedAt: number | null = null;
  /** Null after `restore` until it is started: there is no material yet. */
  target: Target | null = null;
  /** What the present run was started as, live changes included: the way back where a successor fails. */
  runsAs: Target | null = null;
  /** Counts who took over; a flow of several steps ends when its turn is over. */
  turn = 0;
  forgotten = false;
  readonly #ports: InstancePorts;
  /** When it last did something, as far as runs go that are over. */
  lastActive: number;
  #starting: Begun | null = null;
  /** Of the run that is over. */
  lastOutput: readonly string[] = [];

  constructor(record: LoadedRecord, ports: InstancePorts) {
    this.name = record.name;
    this.standing = new Standing(this, ports);
    this.restarts = new Restarts(ports, () => ports.mayStart(this.spec));
    this.status = new ShownStatus(ports.clock);
    this.crashLoop = watchCrashLoop(this, ports);
    this.runs = new Runs(ports, this.#owner());
    // Whoever waits for it goes where it is now.
    this.suspension = new Suspension(() => ports.services.unpark(this.name));
    this.lastActive = this.standing.since;
    this.#ports = ports;
    this.record = record;
  }

  get spec(): Spec {
    return this.record.spec;
  }

  /** The run that has the name; null where nothing of it runs. */
  get run(): Run | null {
    return this.runs.current;
  }

  /** Somebody waits for its start. */
  get isAwaited(): boolean {
    return this.#starting !== null;
  }

  activeAt(): number {
    return Math.max(this.lastActive, this.run?.launched.activeAt() ?? 0);
  }

  /** Puts a new record in place of the old one; the next start goes by it. */
  become(target: Target): void {
    this.target = target;
    this.record = recordOf(target);
  }

  /** Enters the list with nothing running; a oneshot that has finished has nothing left to start. */
  list(reason: string, finished: Finished | null = null): void {
    this.standing.finished = finished;
    this.standing.enter('E', finished?.why ?? reason);
    if (finished === null) return;
    this.started = true;
    this.standing.since = finished.at;
    this.status.set('core', finished.why);
  }

  /**
   * Starts it by someone's will; nothing of it may be running. Resolves when it runs; rejects with the module's error
   * when all of the attempt is gone (state E, failed), or with ECANCELED when it was told to stop meanwhile.
   */
  start(target: Target, restored: Uint8Array | null = null): Promise<void> {
    if (this.run !== null) throw new Error(`module ${this.name} runs already`);
    this.restarts.reset();
    this.crashLoop.reset();
    this.become(target);
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject, since: this.#ports.clock.now() };
      this.#launch(target, 'load', restored);
    });
  }

  /**
   * Starts another run of it beside the one in state R, to take over from that once it is ready itself: then it resolves,
   * and the old one is on its way out. Rejects when the new one is gone without; the old one then runs on if it did not end by itself.
   */
  startBeside(target: Target, restored: Uint8Array | null): Promise<void> {
    if (this.standing.state !== 'R' || this.runs.beside !== null) throw new Error(`module ${this.name} has no room for another run`);
    return this.runs.startBeside(this.#ports.driverOf(target), this.#launchOf(target, restored), target);
  }

  /** Stops what runs and what would be restarted; resolves when it is gone. */
  stop(reason: string, options: StopOptions = {}): Promise<void> {
    this.suspension.end();
    if (options.forget === true) this.forgotten = true;
    this.crashLoop.reset();
    if (this.run === null) {
      const starting = this.#starting; // of a oneshot between two attempts
      this.#starting = null;
      this.restarts.cancel();
      if (this.forgotten && this.target !== null) this.#ports.driverOf(this.target).forget?.(this.name, this.spec);
      this.#rest(reason, options);
      starting?.reject(this.#cancelled(reason));
      return Promise.resolve();
    }
    const { state } = this.standing;
    if (state === 'I' || state === 'R') this.standing.enter('F', reason);
    if (options.byHand === true) this.status.set('core', reason);
    const why = this.forgotten ? 'removed' : options.replaced === true ? 'replaced' : 'stopped';
    return this.runs.stop(reason, options.cancel === true, why);
  }

  /** Keeps what runs under the name of the target. */
  rename(target: Target): void {
    const { name, spec } = target.desired;
    this.standing.rename(name, () => {
      this.name = name;
      if (this.runsAs !== null) this.runsAs = sameRun(this.runsAs.desired, target.desired) ? target : renamed(this.runsAs, name);
      this.become(target);
      for (const { launched } of this.runs.all()) launched.rename(name);
      Promise.resolve(this.run?.launched.update(spec)).catch((error: unknown) => this.status.set('warn', messageOf(error)));
    });
  }

  /** The last lines of output, also of a run that is over. */
  output(): string[] {
    return this.run?.launched.output() ?? [...this.lastOutput];
  }

  /** Starts it again, by its policy or with its service. */
  restart(restored: Uint8Array | null): void {
    if (this.target !== null) this.#launch(this.target, 'restart', restored);
  }

  /** It is down, and will not be started again by itself. */
  fail(reason: string): void {
    this.crashLoop.reset();
    this.standing.failed = true;
    this.status.set('error', reason);
    this.standing.enter('E', reason);
  }

  #launch(target: Target, reason: string, restored: Uint8Array | null): void {
    const driver = this.#ports.driverOf(target);
    this.started = true;
    this.standing.failed = false;
    this.standing.finished = null;
    this.#runAs(target, this.#ports.clock.now());
    this.status.set('core', '');
    this.standing.enter('I', reason);
    this.runs.start(driver, this.#launchOf(target, restored, reason === 'restart'));
  }

  #launchOf(target: Target, restored: Uint8Array | null, again = false): Launch {
    return launchOf(this.name, target, this.#ports.random.id(), restored, again);
  }

  #runAs(target: Target, startedAt: number): void {
    this.runsAs = target;
    this.startedAt = startedAt;
    this.lastActive = startedAt;
  }

  #owner(): RunsOwner {
    return {
      stopTimeout: () => this.spec.stopTimeout,
      cancelled: () => this.#cancelled(this.runs.asked),
      running: () => {
        this.startedAt = this.run?.startedAt ?? this.startedAt;
        this.standing.enter('R', 'running');
        this.crashLoop.running();
        this.suspension.end();
        this.#starting?.resolve();
        this.#starting = null;
      },
      passedOn: (next, why) => this.#onPassedOn(next, why),
      finalizing: () => this.standing.enter('F', 'finalizing by itself'),
      status: (level, message, override) => {
        if (this.status.say(level, message, override)) this.#ports.emit({ type: 'status', name: this.name, level, message });
      },
      waiting: (what) => this.status.set('core', what === null ? '' : `waiting for ${what}`),
      health: (failure) => onHealth(this, failure, this.#ports),
      stuck: () => this.status.set('error', 'killed and still not gone'),
      lingers: (end) => {
        this.#ended(end);
        if (this.standing.state !== 'F') this.standing.enter('F', `${end.ended.reason}; the one before it is on its way out`);
      },
      left: (end) => this.#ended(end),
      gone: (end) => this.#onGone(end),
    };
  }

  /** Another run has the name; its record and start are the module's from now on. */
  #onPassedOn({ run, target, said, starting }: Next, why: string | null): void {
    this.restarts.reset();
    this.crashLoop.reset();
    this.become(target.desired.name === this.name ? target : renamed(target, this.name));
    this.#runAs(this.target ?? target, run.startedAt);
    this.status.complain('health', null);
    this.status.set(said?.level ?? 'core', said?.message ?? '');
    if (why === null) {
      this.standing.enter('R', 'running in place of the old one');
      return;
    }
    this.#starting = { ...starting, since: run.startedAt };
    this.#ports.services.park(this.name); // until the reload is over
    this.standing.enter('E', `${why}; the new one is on its way`);
    this.standing.enter('I', 'load');
  }

  #ended(end: RunEnd): void {
    this.status.complain('health', null);
    this.lastActive = Math.max(this.lastActive, end.activeAt);
    this.lastExit = lastExitOf(end, this.#ports.clock.now());
  }

  #onGone(end: RunEnd): void {
    const { asked } = this.runs;
    const starting = this.#starting;
    this.#starting = null;
    this.lastOutput = end.output;
    this.#ended(end);
    // One that comes back with its service and fails to is down like any other.
    if (this.suspension.active && end.ranSince !== null) {
      this.#awaitService();
      return;
    }
    this.suspension.end();
    if (asked !== null) {
      this.#rest(asked, {});
      starting?.reject(this.#cancelled(asked));
    } else if (end.finished) {
      onFinished(this, end, this.#ports);
      starting?.resolve();
    } else if (starting !== null && !isOneshot(this.spec)) {
      const failure = failureOf(end);
      this.fail(failure.message);
      starting.reject(failure);
    } else this.#starting = afterOwnEnd(this, end, starting, this.#ports);
  }

  #awaitService(): void {
    this.status.set('core', withService);
    this.standing.enter('B', withService);
    this.restarts.withService(() => this.restart(this.suspension.state));
  }

  #cancelled(why: string | null): MusterError {
    return new MusterError('ECANCELED', `the start of ${this.name} was cancelled: ${why}`);
  }

  /** Nothing of it runs any more, and somebody wanted that. */
  #rest(reason: string, { byHand }: StopOptions): void {
    if (byHand === true) this.status.set('core', reason);
    if (this.forgotten) {
      this.standing.leave(reason);
      this.#ports.forget(this.name);
      return;
    }
    this.standing.failed = false;
    if (this.standing.state !== 'E') this.standing.enter('E', reason);
  }
}
