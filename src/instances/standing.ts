import type { LastExit } from '../model/documents.ts';
import type { Finished, State } from '../model/module.ts';
import type { StandingHeritage } from './heritage.ts';
import type { InstancePorts } from './instance-ports.ts';
import { checkMove } from './lifecycle.ts';
import { Waiters } from './waiters.ts';

/** Whose standing it is; both may change. */
interface Subject {
  readonly name: string;
  readonly lastExit: LastExit | null;
}

/** The state of one module. Every move of it is checked by `lifecycle.ts` and announced to listeners and to the bus. */
export class Standing {
  state: State = 'E';
  failed = false;
  /** That it has done its work, of a oneshot in state E. */
  finished: Finished | null = null;
  /** When it entered its state. */
  since: number;
  readonly #subject: Subject;
  readonly #ports: InstancePorts;
  readonly #settled = new Waiters();
  #listed = false;

  constructor(subject: Subject, ports: InstancePorts) {
    this.#subject = subject;
    this.#ports = ports;
    this.since = ports.clock.now();
  }

  enter(state: State, reason: string): void {
    const from = this.#listed ? this.state : null;
    this.#listed = true;
    this.state = state;
    this.since = this.#ports.clock.now();
    checkMove(this.#subject.name, from, state);
    this.#tellAbsence();
    this.#announce(from, state, reason);
    if (state !== 'I') this.#settled.release();
  }

  heritage(): StandingHeritage {
    const { state, failed, finished, since } = this;
    return { state, failed, finished, since };
  }

  /** Of another daemon. Nobody is told: nothing has happened. */
  inherit(from: StandingHeritage): void {
    this.#listed = true;
    Object.assign(this, from);
  }

  /** `change` gives its subject the new name. */
  rename(to: string, change: () => void): void {
    const { name: from } = this.#subject;
    this.#announce(this.state, null, `renamed to ${to}`);
    // Of one that runs the bus hears by its run.
    if (this.state === 'B' || this.state === 'E') this.#ports.services.absent(from, 'removed');
    change();
    this.#tellAbsence();
    this.#announce(null, this.state, `renamed from ${from}`);
  }

  /** It is not listed any more. */
  leave(reason: string): void {
    checkMove(this.#subject.name, this.state, null);
    this.#ports.services.absent(this.#subject.name, 'removed');
    this.#announce(this.state, null, reason);
  }

  /** Resolves when it is not on its way up. */
  settled(): Promise<void> {
    return this.state !== 'I' ? Promise.resolve() : this.#settled.wait();
  }

  #tellAbsence(): void {
    const { services } = this.#ports;
    if (this.state === 'B') services.absent(this.#subject.name, 'backingOff');
    if (this.state === 'E') services.absent(this.#subject.name, 'exited');
  }

  #announce(from: State | null, to: State | null, reason: string): void {
    const { name, lastExit } = this.#subject;
    const { failed } = this;
    this.#ports.log.debug({ module: name, from, to, failed, reason }, 'module state');
    this.#ports.emit({ type: 'state', name, from, to, failed, reason, lastExit });
  }
}
