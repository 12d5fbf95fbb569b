import type { LastExit } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Spec } from '../model/fields/table.ts';
import type { Target } from '../model/instances.ts';
import type { Loaded, LoadedRecord, State } from '../model/module.ts';
import type { Timer } from '../model/ports.ts';
import type { InstancePorts, StopOptions } from './instance-ports.ts';
import { checkMove } from './lifecycle.ts';
import { lastExitOf, launchOf, recordOf, renamed, sameRun } from './record.ts';
import { noHistory } from './restart-policy.ts';
import { type Run, type RunEnd, startRun } from './run.ts';
import { ShownStatus } from './shown-status.ts';
import { type OwnEnd, verdictOn } from './verdict.ts';
import { Waiters } from './waiters.ts';

/**
 * One listed module: its record, its state, at most one run of it, and its restarts. It obeys `lifecycle.ts`; every
 * change comes through `start`, `stop`, an event of the run, or the timer between two restarts.
 */
export class Instance {
  name: string;
  state: State = 'E';
  failed = false;
  started = false;
  since: number;
  restarts = 0;
  lastExit: LastExit | null = null;
  readonly status: ShownStatus;
  run: Run | null = null;
  /** When the run that is or was last began. */
  startedAt: number | null = null;
  /** Null after `restore` until it is started: there is no material yet. */
  target: Target | null = null;
  /** What the present run was started as, live changes included: the way back where a successor fails. */
  runsAs: Target | null = null;
  /** Counts who took over; a flow of several steps ends when its turn is over. */
  turn = 0;
  forgotten = false;
  readonly whenGone = new Waiters();
  readonly #ports: InstancePorts;
  #record: LoadedRecord;
  #loaded: Loaded | null = null;
  #listed = false;
  #history = noHistory;
  #backoff: Timer | null = null;
  #lastActive: number;
  /** Why it was told to stop; an end after that is no failure. */
  #requested: string | null = null;
  #starting: { resolve(): void; reject(error: MusterError): void } | null = null;
  readonly #settled = new Waiters();

  #output: readonly string[] = [];

  constructor(record: LoadedRecord, ports: InstancePorts) {
    this.name = record.name;
    this.since = ports.clock.now();
    this.#lastActive = this.since;
    this.status = new ShownStatus(ports.clock);
    this.#ports = ports;
    this.#record = record;
  }

  get spec(): Spec {
    return this.#record.spec;
  }

  /** For the planner: frozen, and the same object until something of it changes. */
  loaded(): Loaded {
    const reconfigurable = this.run?.launched.reconfigurable() ?? false;
    if (this.#loaded === null || this.#loaded.reconfigurable !== reconfigurable) {
      const { state, failed, started } = this;
      this.#loaded = Object.freeze({ ...this.#record, state, failed, reconfigurable, started });
    }
    return this.#loaded;
  }

  activeAt(): number {
    return Math.max(this.#lastActive, this.run?.launched.activeAt() ?? 0);
  }

  /** Puts a new record in place of the old one; the next start goes by it. */
  become(target: Target): void {
    this.target = target;
    this.#record = recordOf(target);
    this.#touch();
  }

  /** Enters the list with nothing running. */
  list(reason: string): void {
    this.#enter('E', reason);
  }

  /**
   * Starts it by someone's will; nothing of it may be running. Resolves when it runs; rejects with the module's error
   * when all of the attempt is gone (state E, failed), or with ECANCELED when it was told to stop meanwhile.
   */
  start(target: Target): Promise<void> {
    if (this.run !== null) throw new Error(`module ${this.name} runs already`);
    this.#cancelBackoff();
    this.become(target);
    this.restarts = 0;
    this.#history = noHistory;
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
      this.#launch(target, 'load');
    });
  }

  /** Stops what runs and what would be restarted; resolves when it is gone. */
  stop(reason: string, options: StopOptions = {}): Promise<void> {
    if (options.forget === true) this.forgotten = true;
    if (this.run === null) {
      this.#cancelBackoff();
      this.#rest(reason, options);
      return Promise.resolve();
    }
    this.#requested = reason;
    const gone = this.gone();
    if (this.state === 'I' || this.state === 'R') this.#enter('F', reason);
    if (options.byHand === true) this.status.set('core', reason);
    if (options.cancel === true) this.run.kill();
    else this.run.stop(this.spec.stopTimeout);
    return gone;
  }

  /** Resolves when nothing of it runs. */
  gone(): Promise<void> {
    return this.run === null ? Promise.resolve() : this.whenGone.wait();
  }

  /** Keeps what runs under the name of the target. */
  rename(target: Target): void {
    const from = this.name;
    const { name, spec } = target.desired;
    this.#announce(this.state, null, `renamed to ${name}`);
    this.name = name;
    if (this.runsAs !== null) this.runsAs = sameRun(this.runsAs.desired, target.desired) ? target : renamed(this.runsAs, name);
    this.become(target);
    this.run?.launched.rename(name);
    this.run?.launched.update(spec);
    this.#announce(null, this.state, `renamed from ${from}`);
  }

  /** The last lines of output, also of a run that is over. */
  output(): string[] {
    return this.run?.launched.output() ?? [...this.#output];
  }

  /** Resolves when it is not on its way up. */
  settled(): Promise<void> {
    return this.state !== 'I' ? Promise.resolve() : this.#settled.wait();
  }

  #launch(target: Target, reason: string): void {
    const { clock, random, log } = this.#ports;
    const driver = this.#ports.driverOf(target);
    this.#requested = null;
    this.runsAs = target;
    this.started = true;
    this.failed = false;
    this.startedAt = clock.now();
    this.#lastActive = this.startedAt;
    this.status.set('core', '');
    this.#enter('I', reason);
    this.run = startRun({
      driver,
      launch: launchOf(this.name, target, random.id(), null),
      clock,
      log,
      stopTimeoutMs: () => this.spec.stopTimeout,
      owner: {
        running: () => this.#onRunning(),
        finalizing: () => this.#enter('F', 'finalizing by itself'),
        status: (level, message) => {
          this.status.set(level, message);
          this.#ports.emit({ type: 'status', name: this.name, level, message });
        },
        stuck: () => this.status.set('error', 'killed and still not gone'),
        gone: (end) => this.#onGone(end),
      },
    });
  }

  #onRunning(): void {
    this.#enter('R', 'running');
    this.#starting?.resolve();
    this.#starting = null;
  }

  #onGone({ ended, startError, ranSince, output }: RunEnd): void {
    const { clock } = this.#ports;
    this.#lastActive = this.activeAt();
    this.run = null;
    this.#output = output;
    this.lastExit = lastExitOf(ended, startError, clock.now());
    const starting = this.#starting;
    this.#starting = null;
    if (this.#requested !== null) {
      const why = this.#requested;
      this.#rest(why, {});
      starting?.reject(new MusterError('ECANCELED', `the start of ${this.name} was cancelled: ${why}`));
    } else if (starting !== null) {
      const failure = startError ?? new MusterError('EFAILED', `${this.name} ended before it ran: ${ended.reason}`);
      this.#fail(failure.message);
      starting.reject(failure);
    } else {
      const ranFor = ranSince === null ? 0 : clock.now() - ranSince;
      this.#afterOwnEnd({ ended, startError: startError?.message ?? null, ranFor });
    }
    this.whenGone.release();
  }

  /** It ended by itself after it had run once: what the policy says. */
  #afterOwnEnd(end: OwnEnd): void {
    const { clock, random, emit } = this.#ports;
    const verdict = verdictOn(end, this.spec, this.#history, clock.now(), random.next());
    switch (verdict.is) {
      case 'backOff': {
        const { delayMs, attempt } = verdict;
        this.#history = verdict.history;
        this.status.set(verdict.failure ? 'error' : 'core', verdict.why);
        this.#enter('B', verdict.why);
        this.#backoff = clock.after(delayMs, () => this.#restart());
        emit({ type: 'restart', name: this.name, delayMs, attempt });
        break;
      }
      case 'failed':
        this.#fail(verdict.why);
        if (verdict.gaveUp) emit({ type: 'gaveUp', name: this.name, reason: verdict.why });
        break;
      case 'done':
        this.status.note(verdict.why);
        this.#enter('E', verdict.why);
    }
  }

  #restart(): void {
    this.#backoff = null;
    if (this.target === null) return;
    this.restarts += 1;
    this.#launch(this.target, 'restart');
  }

  #fail(reason: string): void {
    this.failed = true;
    this.status.set('error', reason);
    this.#enter('E', reason);
  }

  /** Nothing of it runs any more, and somebody wanted that. */
  #rest(reason: string, { byHand }: StopOptions): void {
    if (byHand === true) this.status.set('core', reason);
    if (this.forgotten) {
      this.#move(this.state, null, reason);
      this.#ports.forget(this.name);
      return;
    }
    this.failed = false;
    if (this.state === 'E') this.#touch();
    else this.#enter('E', reason);
  }

  #cancelBackoff(): void {
    this.#backoff?.cancel();
    this.#backoff = null;
  }

  #enter(state: State, reason: string): void {
    const from = this.#listed ? this.state : null;
    this.#listed = true;
    this.state = state;
    this.since = this.#ports.clock.now();
    this.#move(from, state, reason);
    if (state !== 'I') this.#settled.release();
  }

  #move(from: State | null, to: State | null, reason: string): void {
    checkMove(this.name, from, to);
    this.#announce(from, to, reason);
  }

  #announce(from: State | null, to: State | null, reason: string): void {
    this.#touch();
    const { name, failed, lastExit } = this;
    this.#ports.log.debug({ module: name, from, to, failed, reason }, 'module state');
    this.#ports.emit({ type: 'state', name, from, to, failed, reason, lastExit });
  }

  #touch(): void {
    this.#loaded = null;
    this.#ports.changed();
  }
}
