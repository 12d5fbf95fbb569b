import type { Realm } from './realm.ts';

/** Threads that wait, started and empty, for a module that is to have one of its own. */
export interface Spares {
  /** One of them, the readiest; undefined if there is none. */
  take(): Realm | undefined;
  /** A thread was started or taken: the missing ones are made once the runner has been at rest for a moment. */
  touch(): void;
  /** One of them has ended by itself. */
  lost(realm: Realm): void;
}

export interface SparesOptions {
  /** Starts one; undefined where there can be no more threads. */
  open(): Realm | undefined;
  /** Nothing is being started. */
  isQuiet(): boolean;
  /** How many threads modules have had of their own at once. */
  most(): number;
}

/** A start takes one; a few at once have one each. Each costs some megabytes. */
const least = 4;
/** Who has had many starts many again: one more for so many, up to a limit, so that they cost little beside those. */
const perSpare = 8;
const mostSpares = 8;
/** The only module of its runner leaves them to nobody: they are made from the second on. */
const fromTake = 2;
/** A run that starts many modules leaves shorter gaps than this between two of them. */
const restMs = 50;

export function createSpares({ open, isQuiet, most }: SparesOptions): Spares {
  const spares: Realm[] = [];
  let timer: NodeJS.Timeout | null = null;
  let takes = 0;

  function isEnough(): boolean {
    return spares.length >= Math.min(mostSpares, Math.max(least, Math.ceil(most() / perSpare)));
  }

  function touch(): void {
    if (takes < fromTake || isEnough()) return;
    timer ??= setTimeout(replenish, restMs).unref();
    timer.refresh();
  }

  function replenish(): void {
    timer = null;
    if (isEnough()) return;
    if (isQuiet()) {
      const spare = open();
      if (spare === undefined) return;
      spares.push(spare);
    }
    touch();
  }

  return {
    take() {
      takes += 1;
      const ready = spares.findIndex((spare) => spare.isOnline());
      return spares.splice(Math.max(0, ready), 1)[0];
    },
    touch,
    lost(realm) {
      const at = spares.indexOf(realm);
      if (at !== -1) spares.splice(at, 1);
    },
  };
}
