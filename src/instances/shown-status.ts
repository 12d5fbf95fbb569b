import type { ModuleView, StatusLevel } from '../model/documents.ts';
import type { Clock } from '../model/ports.ts';

/** The status that a list shows of a module: what it said of itself, or what became of it. */
export class ShownStatus {
  value: ModuleView['status'];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.value = this.#now('core', '');
  }

  set(level: StatusLevel, message: string): void {
    this.value = this.#now(level, message);
  }

  /** Something normal happened: an error stays until a later one, or until the module or a user says otherwise. */
  note(message: string): void {
    if (this.value.level !== 'error') this.set('core', message);
  }

  #now(level: StatusLevel, message: string): ModuleView['status'] {
    return { level, message, since: new Date(this.#clock.now()).toISOString() };
  }
}
