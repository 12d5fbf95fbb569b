import { MusterError } from '../../model/error.ts';
import type { ModuleBus } from './bus/realm-bus.ts';
import type { End, Life } from './life.ts';
import { Loaded } from './loaded.ts';

/** A module that another one of its realm has loaded. A service may have thousands: each promise that lasts is a part of what one costs. */
export class Guest {
  readonly life: Life;
  readonly loaded: Loaded;
  /** Resolves when nothing of it is left. */
  readonly over: Promise<void>;
  /** Told when nothing of it is left, before anybody else. */
  onLeft: ((guest: Guest) => void) | null = null;
  #gone: () => void = () => {};
  #starting: { resolve(): void; reject(error: MusterError): void } | null = null;

  constructor(host: ModuleBus, life: Life) {
    this.life = life;
    this.over = new Promise((resolve) => {
      this.#gone = resolve;
    });
    this.loaded = new Loaded(host, life, this.over);
    life.guest = this;
  }

  /** To be asked in the turn in which it was begun with. Resolves when it runs, rejects with what it failed with. */
  running(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
  }

  /** It runs. */
  ready(): void {
    this.#starting?.resolve();
    this.#starting = null;
  }

  /** Called before anybody else hears of it. */
  ended(end: End): void {
    this.#starting?.reject(whyNotRunning(this.life.name(), end));
    this.#starting = null;
    this.onLeft?.(this);
    this.#gone();
  }
}

function whyNotRunning(name: string, { reason, thrown }: End): MusterError {
  return thrown === null
    ? new MusterError('EFAILED', `"${name}" ended before it was running: ${reason}`)
    : new MusterError(thrown.code, thrown.message);
}
