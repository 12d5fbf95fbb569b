import type { Address } from '../../../model/bus.ts';
import type { Call } from './call.ts';

const none: readonly Call[] = [];

/** The requests of one module that are answered later, by who asked. */
export class Calls {
  readonly #byAsker = new Map<Address, Map<number, Call>>();
  /** Those of them that are not streams. */
  #plain = 0;
  #idle: (() => void)[] = [];

  /** Idempotent. */
  open(call: Call): void {
    if (call.calls !== null) return;
    call.calls = this;
    this.#plain += 1;
    const { asker, id } = call.asked;
    const calls = this.#byAsker.get(asker);
    if (calls === undefined) this.#byAsker.set(asker, new Map([[id, call]]));
    else calls.set(id, call);
  }

  /** It has turned out to be a stream: those may go on for ever, and are not waited for. */
  streams(call: Call): void {
    this.open(call);
    this.#less();
  }

  ended(call: Call): void {
    call.calls = null;
    const { asker, id } = call.asked;
    const calls = this.#byAsker.get(asker);
    if (calls?.get(id) === call) calls.delete(id);
    if (calls?.size === 0) this.#byAsker.delete(asker);
    if (call.stream === null) this.#less();
  }

  find(asker: Address, id: number): Call | undefined {
    return this.#byAsker.get(asker)?.get(id);
  }

  of(asker: Address): readonly Call[] {
    const calls = this.#byAsker.get(asker);
    return calls === undefined ? none : [...calls.values()];
  }

  all(): Call[] {
    return [...this.#byAsker.values()].flatMap((calls) => [...calls.values()]);
  }

  /** Resolves when nothing is left to be answered but streams. */
  idle(): Promise<void> {
    return this.#plain === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #less(): void {
    this.#plain -= 1;
    if (this.#plain > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
