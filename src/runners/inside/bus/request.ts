import type { RequestOptions } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import type { Asker } from './asker.ts';
import type { Asking, Taker } from './asking.ts';
import type { ModuleHere } from './realm-bus.ts';

/** Asks, and resolves with the one response. */
export function request(
  asker: Asker,
  owner: ModuleHere,
  topic: string,
  payload: unknown,
  options: RequestOptions | undefined,
): Promise<unknown> {
  const response = new Response(asker, topic);
  response.asking = asker.ask(owner, topic, payload, options, response);
  return response.promise;
}

class Response implements Taker {
  readonly promise: Promise<unknown>;
  readonly #asker: Asker;
  readonly #topic: string;
  asking: Asking | null = null;
  #resolve!: (payload: unknown) => void;
  #reject!: (error: MusterError) => void;

  constructor(asker: Asker, topic: string) {
    this.#asker = asker;
    this.#topic = topic;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  answer(payload: unknown, ended: boolean): void {
    if (ended) this.#reject(this.#streams());
    else this.#resolve(payload);
  }

  part(): void {
    if (this.asking !== null) this.#asker.cancel(this.asking);
    this.#reject(this.#streams());
  }

  fail(error: MusterError, quietly: boolean): void {
    if (quietly) this.promise.catch(() => {});
    this.#reject(error);
  }

  #streams(): MusterError {
    return new MusterError('EINVAL', `${this.#topic} answers with a stream`, { hint: `ctx.stream('${this.#topic}', …)` });
  }
}
