import type { Instance } from './instance.ts';
import { requiredNames } from './requires.ts';

/**
 * Stops instances so that each is asked once all that need it are gone; what is independent stops at the same time, in
 * the given order. One that cannot even be killed is waited for no longer than `run.ts` says.
 */
export class StopAll {
  readonly done: Promise<{ stopped: string[]; killed: string[] }>;
  readonly #waiting: Map<string, Instance>;
  readonly #stopping = new Map<string, Instance>();
  readonly #stopped: string[] = [];
  readonly #killed: string[] = [];
  #cancel = false;
  #finish: (result: { stopped: string[]; killed: string[] }) => void = () => {};

  constructor(instances: ReadonlyMap<string, Instance>, order: readonly string[]) {
    const names = new Set([...order.filter((name) => instances.has(name)), ...instances.keys()]);
    this.#waiting = new Map([...names].flatMap((name) => pair(instances.get(name))));
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#proceed();
  }

  /** Ends the waits: all that is left is killed, in no order. */
  now(): void {
    if (this.#cancel) return;
    this.#cancel = true;
    for (const instance of this.#stopping.values()) void instance.stop(reason, { cancel: true });
    this.#proceed();
  }

  #proceed(): void {
    const free = this.#cancel ? [...this.#waiting.values()] : this.#free();
    for (const instance of free) {
      this.#waiting.delete(instance.name);
      this.#stopping.set(instance.name, instance);
    }
    for (const instance of free) void this.#stop(instance);
    if (this.#waiting.size === 0 && this.#stopping.size === 0) this.#finish({ stopped: this.#stopped, killed: this.#killed });
  }

  /** Those that nothing still there needs; all of them where a cycle would block everything. */
  #free(): Instance[] {
    const needed = new Set<string>();
    for (const instance of [...this.#waiting.values(), ...this.#stopping.values()]) {
      for (const name of requiredNames(instance.spec)) if (name !== instance.name) needed.add(name);
    }
    const free = [...this.#waiting.values()].filter((instance) => !needed.has(instance.name));
    return free.length === 0 && this.#stopping.size === 0 ? [...this.#waiting.values()] : free;
  }

  async #stop(instance: Instance): Promise<void> {
    const { run } = instance;
    // One that has ended stays as it is listed, failed or not.
    const gone = instance.state === 'E' ? undefined : instance.stop(reason, { cancel: this.#cancel });
    if (run !== null) {
      await Promise.race([gone, run.stuck]);
      this.#stopped.push(instance.name);
      if (run.wasKilled()) this.#killed.push(instance.name);
    }
    this.#stopping.delete(instance.name);
    this.#proceed();
  }
}

const reason = 'stopped with the daemon';

function pair(instance: Instance | undefined): [string, Instance][] {
  return instance === undefined ? [] : [[instance.name, instance]];
}
