import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoadedCall } from '../../model/context.ts';
import type { Live } from './live.ts';
import type { Target } from './target.ts';

/** One request and its response, until the response is out or the client is gone. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Null: it could not be read. */
  readonly target: Target | null;
  readonly startedAt = performance.now();
  /** Who answers it. */
  live: Live | null = null;
  /** Of the component, the path it is mounted at. */
  mount = '/';
  isOver = false;
  /** Called when it is over, perhaps more than once. */
  onOver: () => void = () => {};
  /** Bytes of the body, where they were counted. */
  sent: number | null = null;
  /** What its component was asked, while it has not answered. */
  call: LoadedCall<unknown> | null = null;
  /** Among those that its component has under way. */
  place = 0;
  #abort: AbortController | null = null;

  constructor(request: IncomingMessage, response: ServerResponse, target: Target | null) {
    this.request = request;
    this.response = response;
    this.target = target;
  }

  /** Aborted when the client is gone, or the component before it has answered. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.isOver) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Answers for the component; what had been begun with is cut off. */
  refuse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
    const { response } = this;
    if (this.isOver || response.writableEnded) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.statusMessage = '';
    const body = `${status} ${text}\n`;
    this.sent = Buffer.byteLength(body);
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': this.sent, ...headers });
    response.end(body);
  }

  /** To be called once, when the response is closed. */
  over(): void {
    this.isOver = true;
    if (!this.response.writableFinished) this.#giveUp();
    this.live?.left(this);
  }

  /** The component is no more, or has no more time. */
  cut(): void {
    if (this.isOver) return;
    this.refuse(503, 'the component is gone', retryAfter);
    this.#giveUp();
    // What the component may still hold of it leads nowhere.
    if (!this.response.writableFinished) this.response.on('finish', () => this.request.socket?.destroySoon());
  }

  #giveUp(): void {
    this.call?.cancel();
    this.#abort?.abort();
  }
}

/** Seconds. */
export const retryAfter = { 'retry-after': '1' };
