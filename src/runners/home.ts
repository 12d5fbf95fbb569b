import type { Dismissal } from '../model/driver.ts';
import type { Place } from './protocol.ts';
import type { RunnerProcess } from './runner-process.ts';

/** Where an instance lives, and what it takes to get it there. */
export interface Home {
  /** It has the runner for itself: its process is the module's. */
  readonly alone: boolean;
  /** The instance in whose realm it is. */
  host?(): number | null;
  /** Rejects where there is no such place. */
  place(): Promise<Place>;
  /** Asked for after `place`. */
  runner(): RunnerProcess;
  /** Whom it is loaded by, after it has been put there: resolves when it runs. */
  load?(): Promise<unknown>;
  /** Resolves when nothing of it is left. */
  remove?(name: string, why: Dismissal): Promise<unknown>;
  /** Why, once its service has ended. */
  readonly gone?: Promise<string>;
}

/** A runner and a thread of it. */
export function simpleHome(runner: RunnerProcess, place: Place, alone = false): Home {
  return { alone, place: async () => place, runner: () => runner };
}
