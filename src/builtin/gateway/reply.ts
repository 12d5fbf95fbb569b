import type { OutgoingHttpHeaders } from 'node:http';
import { MusterError } from '../../model/error.ts';
import type { Exchange } from './exchange.ts';
import { isHopByHop } from './headers.ts';
import { type Chunks, chunksOf, pour, stopQuietly } from './pour.ts';
import { wholeOf } from './whole.ts';

interface Body {
  /** All of it, or as it comes. */
  readonly whole?: Uint8Array | string;
  readonly chunks?: Chunks;
  /** What it is where the component does not say so. */
  readonly type?: string;
}

/** Writes what a component has answered: a Response, or `{status, headers, body}`. Throws EINVAL for what is neither. */
export function reply(exchange: Exchange, result: unknown): Promise<void> | void {
  if (exchange.isOver) return;
  if (result instanceof Response) {
    return send(exchange, result.status, headersOf(result.headers), bodyOfResponse(result));
  }
  if (typeof result !== 'object' || result === null) throw wrong('an answer is {status, headers, body} or a Response', result);
  const { status = 200, headers, body } = result as { status?: unknown; headers?: unknown; body?: unknown };
  if (!(Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599)) throw wrong('status is 200 to 599', status);
  return send(exchange, status as number, headersOf(headers), bodyOf(body));
}

function send(exchange: Exchange, status: number, headers: OutgoingHttpHeaders, body: Body): Promise<void> | void {
  const { request, response } = exchange;
  const isEmpty = status === 204 || status === 304;
  if (body.type !== undefined) headers['content-type'] ??= body.type;
  if (body.chunks === undefined) {
    const { whole = null } = body;
    const length = typeof whole === 'string' ? Buffer.byteLength(whole) : (whole?.byteLength ?? 0);
    // HEAD tells the length that GET would have.
    if (!isEmpty && !(length === 0 && request.method === 'HEAD' && headers['content-length'] !== undefined)) {
      headers['content-length'] = length;
    }
    if (status === 204) delete headers['content-length'];
    exchange.sent = isEmpty ? 0 : length;
    response.writeHead(status, headers);
    if (isEmpty || whole === null) response.end();
    // ASCII goes out in one piece with the headers, which are latin1; anything else must not be put into one with them.
    else if (typeof whole === 'string' && length === whole.length) response.end(whole, 'latin1');
    else response.end(typeof whole === 'string' ? Buffer.from(whole) : whole);
    return;
  }
  response.writeHead(status, headers);
  if (!isEmpty && request.method !== 'HEAD') return pour(body.chunks, exchange);
  response.end();
  stopQuietly(body.chunks);
}

function headersOf(given: unknown): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  if (given === undefined || given === null) return headers;
  if (typeof given !== 'object') throw wrong('headers is an object', given);
  if (given instanceof Headers) {
    for (const [name, value] of given) if (name !== 'set-cookie' && !isHopByHop(name)) headers[name] = value;
    const cookies = given.getSetCookie();
    if (cookies.length > 0) headers['set-cookie'] = cookies;
    return headers;
  }
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (value !== undefined && value !== null && !isHopByHop(key)) headers[key] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return headers;
}

function bodyOfResponse(response: Response): Body {
  const { body } = response;
  if (body === null) return {};
  const whole = wholeOf(response);
  return whole === null ? { chunks: chunksOf(body) as Chunks } : { whole };
}

function bodyOf(body: unknown): Body {
  if (body === undefined || body === null) return {};
  if (typeof body === 'string') return { whole: body, type: 'text/plain; charset=utf-8' };
  if (body instanceof ArrayBuffer) return { whole: new Uint8Array(body), type: 'application/octet-stream' };
  if (ArrayBuffer.isView(body)) {
    return { whole: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), type: 'application/octet-stream' };
  }
  const chunks = chunksOf(body);
  if (chunks !== null) return { chunks, type: 'application/octet-stream' };
  const json: unknown = JSON.stringify(body);
  if (typeof json === 'string') return { whole: json, type: 'application/json' };
  throw wrong('a body is text, bytes, a stream, or what JSON can say', body);
}

function wrong(what: string, found: unknown): MusterError {
  return new MusterError('EINVAL', `${what}, found ${typeof found === 'object' ? 'an object' : String(found)}`);
}
