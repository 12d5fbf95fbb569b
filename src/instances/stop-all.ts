import type { DownDoc } from '../model/documents.ts';
import type { Instance } from './instance.ts';
import type { Needs } from './requires.ts';

/**
 * Stops instances so that each is asked once all that need it are gone; what is independent stops at the same time, in
 * the given order. One that cannot even be killed is waited for no longer than `run.ts` says. With `keep` one that can go on
 * without this daemon is left instead when its turn comes.
 */
export class StopAll {
  readonly done: Promise<DownDoc>;
  /** Not asked yet, in the given order. */
  readonly #waiting: Map<string, Instance>;
  readonly #stopping = new Map<string, Instance>();
  /** How many that are still there need a name. */
  readonly #dependents = new Map<string, number>();
  readonly #requires = new Map<string, readonly string[]>();
  readonly #stopped: string[] = [];
  readonly #killed: string[] = [];
  readonly #left: string[] = [];
  readonly #keep: boolean;
  #cancel = false;
  #finish: (result: DownDoc) => void = () => {};

  constructor(instances: ReadonlyMap<string, Instance>, needs: Needs, order: readonly string[], { keep = false }: { keep?: boolean }) {
    this.#keep = keep;
    const there = [...instances.keys()].filter((name) => instances.get(name)?.runs.left === false);
    const names = new Set([...order.filter((name) => there.includes(name)), ...there]);
    this.#waiting = new Map([...names].flatMap((name) => pair(instances.get(name))));
    for (const name of this.#waiting.keys()) {
      const requires = needs.of(name);
      this.#requires.set(name, requires);
      for (const needed of requires) this.#dependents.set(needed, (this.#dependents.get(needed) ?? 0) + 1);
    }
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#begin([...this.#waiting.keys()].filter((name) => !this.#dependents.has(name)));
  }

  /** Ends the waits: all that is left is killed, in no order. */
  now(): void {
    if (this.#cancel) return;
    this.#cancel = true;
    for (const instance of this.#stopping.values()) void instance.stop(reason, { cancel: true });
    this.#begin([...this.#waiting.keys()]);
  }

  #begin(names: readonly string[]): void {
    // Where nothing is left to wait for and something is left to stop, its needs go in a circle.
    const circle = names.length === 0 && this.#stopping.size === 0;
    const due = (circle ? [...this.#waiting.keys()] : names).flatMap((name) => pair(this.#waiting.get(name), name));
    for (const [name, instance] of due) {
      this.#waiting.delete(name);
      this.#stopping.set(name, instance);
    }
    for (const [name, instance] of due) void this.#stop(name, instance);
    if (this.#waiting.size === 0 && this.#stopping.size === 0) {
      this.#finish({ stopped: this.#stopped, killed: this.#killed, left: this.#left });
    }
  }

  async #stop(name: string, instance: Instance): Promise<void> {
    if (this.#keep && (await instance.runs.leave())) this.#left.push(instance.name);
    else await this.#end(instance);
    this.#stopping.delete(name);
    this.#begin(this.#release(name));
  }

  async #end(instance: Instance): Promise<void> {
    const runs = instance.runs.all();
    // One that has ended stays as it is listed, failed or not.
    if (instance.standing.state !== 'E') void instance.stop(reason, { cancel: this.#cancel });
    // Also one that is gone already is taken off a step later: a long chain of those must not nest.
    await Promise.all(runs.map((run) => run.over));
    if (runs.length > 0) {
      this.#stopped.push(instance.name);
      if (runs.some((run) => run.wasKilled())) this.#killed.push(instance.name);
    }
  }

  /** It is gone: those that only it still needed. */
  #release(name: string): string[] {
    return (this.#requires.get(name) ?? []).filter((needed) => {
      const left = (this.#dependents.get(needed) ?? 0) - 1;
      this.#dependents.set(needed, left);
      return left === 0;
    });
  }
}

const reason = 'stopped with the daemon';

function pair(instance: Instance | undefined, name = instance?.name ?? ''): [string, Instance][] {
  return instance === undefined ? [] : [[name, instance]];
}
