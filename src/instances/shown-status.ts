import type { ModuleView, StatusLevel } from '../model/documents.ts';
import type { Clock } from '../model/ports.ts';
import type { StatusHeritage } from './heritage.ts';

type Status = ModuleView['status'];
export type Said = Pick<Status, 'level' | 'message'>;

/** Whether what a module says of itself takes the place of what it said before: an error stays until a later one, or an override. */
export function replaces(level: StatusLevel, before: Pick<Said, 'level'> | null, override = false): boolean {
  return override || level === 'error' || before?.level !== 'error';
}

/** The status that a list shows of a module: what it said of itself, or what became of it; before that what is wrong with it now. */
export class ShownStatus {
  #own: Status;
  /** By what it is about. */
  readonly #complaints = new Map<string, Status>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#own = this.#now('core', '');
  }

  get value(): Status {
    return [...this.#complaints.values()].at(-1) ?? this.#own;
  }

  /** Whether something is wrong with it although it may be running. */
  get complains(): boolean {
    return this.#complaints.size > 0;
  }

  /** What became of it, which holds whatever was said before. */
  set(level: StatusLevel, message: string): void {
    this.#own = this.#now(level, message);
  }

  /** What the module says of itself. Returns whether it counts. */
  say(level: StatusLevel, message: string, override?: boolean): boolean {
    const counts = replaces(level, this.#own, override);
    if (counts) this.set(level, message);
    return counts;
  }

  heritage(): StatusHeritage {
    return { own: this.#own, complaints: [...this.#complaints] };
  }

  /** Of another daemon. */
  inherit({ own, complaints }: StatusHeritage): void {
    this.#own = own;
    for (const [about, status] of complaints) this.#complaints.set(about, status);
  }

  /** Something normal happened: an error stays until a later one, or until the module or a user says otherwise. */
  note(message: string): void {
    if (this.#own.level !== 'error') this.set('core', message);
  }

  /** What is wrong, shown until it is taken back by null. Returns whether it was not known before. */
  complain(about: 'health' | 'crashLoop', message: string | null): boolean {
    const before = this.#complaints.get(about);
    if (message === null) return this.#complaints.delete(about);
    if (before?.message === message) return false;
    this.#complaints.set(about, before === undefined ? this.#now('error', message) : { ...before, message });
    return before === undefined;
  }

  #now(level: StatusLevel, message: string): Status {
    return { level, message, since: new Date(this.#clock.now()).toISOString() };
  }
}
