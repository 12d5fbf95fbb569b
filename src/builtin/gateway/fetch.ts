import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { hasBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { schemeOf } from './headers.ts';
import type { Target } from './target.ts';

/** What a fetch-style component gets. Its body is read as the component takes it. */
export function toRequest(exchange: Exchange, { authority, url }: Target, headers: IncomingHttpHeaders): Request {
  const { request } = exchange;
  const { method = 'GET' } = request;
  const place = `${schemeOf(request.socket)}://${authority || 'localhost'}${url}`;
  // Of those that come in, only cookies that are set are lists, and those are for clients.
  const init: RequestInit = { method, headers: headers as Record<string, string> };
  if (method !== 'GET' && method !== 'HEAD' && hasBody(request)) {
    Object.assign(init, { body: Readable.toWeb(request), duplex: 'half' });
  }
  return new ExchangeRequest(exchange, place, init);
}

const WithoutSignal = Request as new (place: string, init: RequestInit) => Omit<Request, 'signal'>;

/** With a signal of its own each Request would cost twice as much: this one has it when it is asked for. */
class ExchangeRequest extends WithoutSignal {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, place: string, init: RequestInit) {
    super(place, init);
    this.#exchange = exchange;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }
}
