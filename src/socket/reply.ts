import { MusterError, toWire, type WireError } from '../model/error.ts';
import { type Message, maxLineBytes } from '../model/message.ts';

/** The answer to one request: any number of parts, then one `send` or `fail`. What comes after that is dropped. */
export interface Reply {
  send(payload: unknown): void;
  /** Resolves when there is room for more; a part for a client that left resolves too. */
  part(payload: unknown): Promise<void>;
  fail(error: unknown): void;
  /** Aborted when the client leaves or gives the request up. */
  readonly signal: AbortSignal;
}

/** The connection that a reply goes to. */
export interface Recipient {
  write(line: string): void;
  room(): Promise<void>;
  /** True once the client has left or ended its side. */
  readonly left: boolean;
  /** Called once, before the last line of the reply is written. */
  finished(reply: PendingReply): void;
}

/** A class because there is one per request: at this rate closures and promises are what a request costs. */
export class PendingReply implements Reply {
  readonly topic: string;
  readonly id: number;
  #to: Recipient;
  #abort: AbortController | null = null;
  #aborted = false;
  #done = false;

  constructor(topic: string, id: number, to: Recipient) {
    this.topic = topic;
    this.id = id;
    this.#to = to;
  }

  send(payload: unknown): void {
    const line = this.#line({ type: 'response', topic: this.topic, id: this.id, payload });
    if (line !== null) this.#finish(line);
  }

  async part(payload: unknown): Promise<void> {
    if (this.#done) return;
    const line = this.#line({ type: 'response', topic: this.topic, id: this.id, payload, more: true });
    if (line === null) return;
    this.#to.write(line);
    await this.#to.room();
  }

  fail(error: unknown): void {
    this.#finish(errorLine(this.topic, this.id, toWire(error)));
  }

  /** Made when somebody asks for it: it costs several times what a short answer does. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#aborted || this.#to.left) this.#abort.abort();
    return this.#abort.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#abort?.abort();
  }

  #finish(line: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#to.finished(this);
    this.#to.write(line);
  }

  /** Null if the message is too long; then the reply has failed. */
  #line(message: Message): string | null {
    const line = `${JSON.stringify(message)}\n`;
    // UTF-8 has at most 3 bytes per UTF-16 unit, which spares counting nearly always.
    if (line.length * 3 <= maxLineBytes || Buffer.byteLength(line) <= maxLineBytes) return line;
    this.fail(new MusterError('E2BIG', `the response to ${this.topic} is longer than ${maxLineBytes} bytes`));
    return null;
  }
}

export function errorLine(topic: string, id: number, error: WireError): string {
  return `${JSON.stringify({ type: 'response', topic, id, error } satisfies Message)}\n`;
}
