import { streamWindow } from '../../../model/bus.ts';
import { MusterError } from '../../../model/error.ts';
import type { Call } from './call.ts';

interface Step {
  readonly done?: boolean | undefined;
  readonly value: unknown;
}

/** What a handler returned that is sent part by part: something to iterate that is neither an array nor text nor plain data. */
export function iteratorOf(result: object): Iterator<unknown> | AsyncIterator<unknown> | null {
  if (Array.isArray(result) || ArrayBuffer.isView(result)) return null;
  if (result instanceof Map || result instanceof Set || result instanceof String) return null;
  const iterable = result as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
  if (typeof iterable[Symbol.asyncIterator] === 'function') return iterable[Symbol.asyncIterator]?.() ?? null;
  if (typeof iterable[Symbol.iterator] === 'function') return iterable[Symbol.iterator]?.() ?? null;
  return null;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/** The parts of one response on their way: at most a window of them that the asker has not taken. */
export class SentStream {
  readonly #call: Call;
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  #room = streamWindow;
  #stepping = false;
  #cutting = false;

  constructor(call: Call, iterator: Iterator<unknown> | AsyncIterator<unknown>) {
    this.#call = call;
    this.#iterator = iterator;
  }

  /** Sends as much as there is room for. */
  pump(): void {
    while (!this.#stepping && !this.#call.over && this.#room > 0) {
      try {
        this.#step(this.#call.module.run(() => this.#iterator.next()));
      } catch (error) {
        this.#call.fail(error);
      }
    }
  }

  credit(count: number): void {
    this.#room = Math.min(streamWindow, this.#room + count);
    this.pump();
  }

  /** Its module is stopping. If it does not end by itself at once, the asker hears that it was cut. */
  cut(): void {
    this.#cutting = true;
    this.stop();
    if (!this.#stepping) this.#fellShort();
  }

  /** Lets the iterator clean up. What it throws then is heard by nobody, as with any call that nobody waits for. */
  stop(): void {
    try {
      const returned = this.#call.module.run(() => this.#iterator.return?.());
      if (isThenable(returned)) returned.then(undefined, () => {});
    } catch {}
  }

  #step(step: Step | PromiseLike<Step>): void {
    if (isThenable(step)) this.#later(step, (settled) => this.#took(settled));
    // A plain iterator may hand out promises.
    else if (isThenable(step.value)) this.#later(step.value, (value) => this.#took({ done: step.done === true, value }));
    else this.#took(step);
  }

  #later<T>(promise: PromiseLike<T>, took: (settled: T) => void): void {
    this.#stepping = true;
    promise.then(
      (settled) => {
        this.#stepping = false;
        try {
          took(settled);
        } catch (error) {
          this.#call.fail(error);
        }
        this.pump();
      },
      (error) => this.#call.fail(error),
    );
  }

  #took(step: Step): void {
    if (this.#call.over) return;
    if (step.done) this.#call.answer(step.value ?? null, true);
    else this.#part(step.value);
  }

  #part(value: unknown): void {
    try {
      this.#call.part(value);
      this.#room -= 1;
      if (this.#cutting) this.#fellShort();
    } catch (error) {
      this.#call.fail(error);
      this.stop();
    }
  }

  #fellShort(): void {
    const { asked, module } = this.#call;
    this.#call.fail(new MusterError('EHOSTUNREACH', `${asked.topic}: ${module.name()} is stopping, the stream is cut`));
  }
}
