import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as open,
  type ServerResponse,
} from 'node:http';
import { isHopByHop } from '../gateway/headers.ts';
import type { Settings } from './settings.ts';

/** What became of a request: null if it was answered, else why not. */
export type Outcome = string | null;

export interface Forwarding {
  readonly settings: Settings;
  readonly agent: Agent;
  /** Aborted when nobody waits for the answer. */
  readonly signal: AbortSignal;
}

/** Passes a request on and its answer back, both as they come. Never rejects. */
export function forward(request: IncomingMessage, response: ServerResponse, forwarding: Forwarding): Promise<Outcome> {
  return new Promise((resolve) => {
    attempt(request, response, forwarding, resolve, false);
  });
}

function attempt(
  request: IncomingMessage,
  response: ServerResponse,
  forwarding: Forwarding,
  done: (outcome: Outcome) => void,
  again: boolean,
): void {
  const { settings, agent, signal } = forwarding;
  const { method = 'GET', url = '/' } = request;
  const hasBody =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined || !request.complete;
  const upstream = open({ ...settings.to.at, agent, method, path: url, headers: request.headers, signal });
  let timedOut: string | null = null;
  limit(upstream, settings, (why) => {
    timedOut = why;
    upstream.destroy();
  });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.headers));
    answer.pipe(response);
    answer.on('error', () => response.destroy());
    answer.on('aborted', () => response.destroy());
    answer.on('end', () => done(null));
  });
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    // The other side may close a connection in the moment in which it is used again.
    if (upstream.reusedSocket && error.code === 'ECONNRESET' && !hasBody && !again && !response.headersSent && !signal.aborted) {
      attempt(request, response, forwarding, done, true);
      return;
    }
    if (!signal.aborted) fail(response, timedOut === null ? 502 : 504);
    done(signal.aborted ? null : (timedOut ?? error.code ?? error.message));
  });
  response.on('close', () => {
    if (!response.writableFinished) upstream.destroy();
    done(null);
  });
  if (hasBody) request.pipe(upstream);
  else upstream.end();
}

/** Two limits: until there is a connection, and while nothing comes. */
export function limit(upstream: ClientRequest, { connectTimeout, timeout }: Settings, late: (why: string) => void): void {
  const connecting = connectTimeout === 0 ? undefined : setTimeout(late, connectTimeout, `no connection within ${connectTimeout} ms`);
  const connected = (): void => clearTimeout(connecting);
  upstream.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', connected);
    else connected();
  });
  upstream.once('close', connected);
  if (timeout > 0) upstream.setTimeout(timeout, () => late(`no answer within ${timeout} ms`));
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  for (const name of Object.keys(headers)) if (isHopByHop(name)) delete headers[name];
  return headers;
}

const texts = {
  502: 'what is behind does not answer',
  504: 'what is behind does not answer in time',
  508: 'what is behind leads back here',
};

export function fail(response: ServerResponse, status: keyof typeof texts): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `${status} ${texts[status]}\n`;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length });
  response.end(body);
}
