import { streamWindow } from '../../../model/bus.ts';
import type { RequestOptions } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import type { Asker } from './asker.ts';
import type { Taker } from './asking.ts';
import { checkedOptions, checkedPrefix } from './options.ts';
import { take } from './payload.ts';
import type { ModuleHere } from './realm-bus.ts';

/** Parts are told as taken so many at a time. */
const creditsAtOnce = streamWindow / 4;

/**
 * The parts of a response as they come; it is asked for when the first is wanted. A plain response is a stream of one part; what
 * a stream ends with is none. Leaving the loop ends the stream. `timeout` is that between two parts: it runs while one is waited
 * for. Throws what is wrong with the request.
 */
export function stream(
  asker: Asker,
  owner: ModuleHere,
  topic: string,
  payload: unknown,
  options: RequestOptions | undefined,
): AsyncGenerator<unknown, void, undefined> {
  checkedPrefix(topic);
  const { timeout, signal } = checkedOptions(topic, options);
  const taken = take(payload, `the payload of ${topic}`);
  return parts(asker, owner, topic, taken.payload, timeout, signal === null ? {} : { signal });
}

async function* parts(
  asker: Asker,
  owner: ModuleHere,
  topic: string,
  payload: unknown,
  timeout: number | null,
  options: RequestOptions,
): AsyncGenerator<unknown, void, undefined> {
  const arrived = new Arrived(topic, timeout);
  const asking = asker.ask(owner, topic, payload, options, arrived);
  let taken = 0;
  try {
    while (true) {
      if (arrived.isEmpty()) await arrived.more();
      if (arrived.isEmpty()) break;
      yield arrived.shift();
      taken += 1;
      if (asking !== null && taken % creditsAtOnce === 0) asker.credit(asking, creditsAtOnce);
    }
    if (arrived.error !== null) throw arrived.error;
  } finally {
    if (asking !== null) asker.cancel(asking);
  }
}

class Arrived implements Taker {
  error: MusterError | null = null;
  readonly #topic: string;
  readonly #timeout: number | null;
  readonly #parts: unknown[] = [];
  #streams = false;
  #over = false;
  #wake: (() => void) | null = null;

  constructor(topic: string, timeout: number | null) {
    this.#topic = topic;
    this.#timeout = timeout;
  }

  isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  shift(): unknown {
    return this.#parts.shift();
  }

  /** Resolves when there is a part, or there will be no more. */
  async more(): Promise<void> {
    if (this.#over) return;
    const late = () => this.fail(new MusterError('ETIMEDOUT', `${this.#topic} sent nothing more within ${this.#timeout} ms`));
    const timer = this.#timeout === null ? null : setTimeout(late, this.#timeout).unref();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (timer !== null) clearTimeout(timer);
  }

  part(payload: unknown): void {
    this.#streams = true;
    this.#parts.push(payload);
    this.#wake?.();
  }

  answer(payload: unknown, ended: boolean): void {
    if (!ended && !this.#streams) this.#parts.push(payload);
    this.#over = true;
    this.#wake?.();
  }

  fail(error: MusterError): void {
    this.error = error;
    this.#over = true;
    this.#wake?.();
  }
}
