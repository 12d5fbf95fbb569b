import type { Peer } from '../model/audit.ts';
import type { Receiver } from '../model/bus.ts';
import { MusterError, toWire, type WireError } from '../model/error.ts';
import { type Message, maxLineBytes } from '../model/message.ts';

/** The answer to one request. What comes after its end is dropped; a part for a client that left resolves too. */
export interface Reply extends Receiver {
  /** Aborted when the client leaves or gives the request up. */
  readonly signal: AbortSignal;
  /** Who asks, as the kernel knows it; null: that cannot be told. */
  peer(): Promise<Peer | null>;
}

/** The connection that a reply goes to. */
export interface Recipient {
  write(line: string): void;
  room(): Promise<void>;
  /** JSON without what must not be shown; `keysToo` if a module made it. */
  masked(json: string, keysToo: boolean): string;
  /** True once the client has left or ended its side. */
  readonly left: boolean;
  peer(): Promise<Peer | null>;
  /** Called once, before the last line of the reply is written. */
  finished(reply: PendingReply): void;
}

/** A class because there is one per request: at this rate closures and promises are what a request costs. */
export class PendingReply implements Reply {
  readonly topic: string;
  readonly id: number;
  /** Among what is in flight. */
  slot = 0;
  /** Bytes of the request, while they count; what `BusClient.cancel` takes, if it was asked of a module. */
  bytes = 0;
  asked: number | null = null;
  #to: Recipient;
  /** Whose words it tells people; null: it is told to a program of theirs as it is. */
  readonly #shownOf: 'muster' | 'module' | null;
  #abort: AbortController | null = null;
  #aborted = false;
  #done = false;

  constructor(topic: string, id: number, shownOf: 'muster' | 'module' | null, to: Recipient) {
    this.topic = topic;
    this.id = id;
    this.#shownOf = shownOf;
    this.#to = to;
  }

  send(payload: unknown): void {
    if (this.#done) return;
    const line = this.#line(payload, false);
    if (line !== null) this.#finish(line);
  }

  async part(payload: unknown): Promise<void> {
    if (this.#done) return;
    const line = this.#line(payload, true);
    if (line === null) return;
    this.#to.write(line);
    await this.#to.room();
  }

  fail(error: unknown): void {
    if (this.#done) return;
    const wire = toWire(error);
    this.#finish(errorLine(this.topic, this.id, JSON.parse(this.#shown(JSON.stringify(wire)))));
  }

  /** Made when somebody asks for it: it costs several times what a short answer does. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#aborted || this.#to.left) this.#abort.abort();
    return this.#abort.signal;
  }

  peer(): Promise<Peer | null> {
    return this.#to.peer();
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

  #shown(json: string): string {
    return this.#shownOf === null ? json : this.#to.masked(json, this.#shownOf === 'module');
  }

  /** Null if it is no JSON or too long; then the reply has failed. */
  #line(payload: unknown, more: boolean): string | null {
    const { topic, id } = this;
    try {
      const whole: string | undefined = JSON.stringify(payload);
      const json = whole === undefined ? whole : this.#shown(whole);
      // Put together by hand: what is known of it need not be looked into.
      const line = `${headOf(topic)}${id}${json === undefined ? '' : `,"payload":${json}`}${more ? ',"more":true' : ''}}\n`;
      // UTF-8 has at most 3 bytes per UTF-16 unit, which spares counting nearly always.
      if (line.length * 3 <= maxLineBytes || Buffer.byteLength(line) <= maxLineBytes) return line;
      this.fail(new MusterError('E2BIG', `the response to ${topic} is longer than ${maxLineBytes} bytes`));
    } catch (error) {
      this.fail(error);
    }
    return null;
  }
}

let lastTopic = '';
let lastHead = '';

/** How a response begins. Those that follow each other mostly are to the same topic. */
function headOf(topic: string): string {
  if (topic !== lastTopic) {
    lastHead = `{"type":"response","topic":${JSON.stringify(topic)},"id":`;
    lastTopic = topic;
  }
  return lastHead;
}

export function errorLine(topic: string, id: number, error: WireError): string {
  return `${JSON.stringify({ type: 'response', topic, id, error } satisfies Message)}\n`;
}
