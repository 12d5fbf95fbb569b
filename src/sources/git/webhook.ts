import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { MusterError } from '../../model/error.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { GitWebhook } from '../../model/source.ts';
import { proofOf } from './webhook-signature.ts';

export interface WebhookOptions {
  readonly webhook: GitWebhook;
  /** Read for each request that could be one, so that a changed secret holds at once. */
  secret(): Promise<string>;
  onPush(): void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Webhook {
  /** HOST:PORT where it listens. */
  readonly address: string;
  close(): Promise<void>;
}

const mostBytes = 2 ** 20;
/** Requests of one second; who is beyond that comes again. */
const mostRequests = 20;
const mostConnections = 64;
/** ms for a whole request. */
const patience = 10_000;

/** Listens for a forge that says that something was pushed. What it says beside that does not count: the repository is looked at. */
export function serveWebhook({ webhook, secret, onPush, clock, log }: WebhookOptions): Promise<Webhook> {
  let second = 0;
  let requests = 0;
  const server = createServer({ requestTimeout: patience, headersTimeout: patience, keepAliveTimeout: 1000 }, (request, response) => {
    void answer(request).then(
      (status) => end(response, status),
      (error: unknown) => {
        log.warn({ err: error }, 'a webhook could not be answered');
        end(response, 503);
      },
    );
  });
  server.maxConnections = mostConnections;
  server.on('clientError', (_, socket) => socket.destroy());

  const { host, port } = placeOf(webhook.listen);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, webhook.listen)));
    server.listen({ host, port, exclusive: true }, () => {
      server.on('error', (error) => log.warn({ err: error }, 'the webhook has trouble'));
      const bound = server.address() as { address: string; port: number };
      const address = `${isIPv6(bound.address) ? `[${bound.address}]` : bound.address}:${bound.port}`;
      resolve({ address, close });
    });
  });

  async function answer(request: IncomingMessage): Promise<number> {
    if (isTooMany()) return 429;
    if (request.method !== 'POST') return 405;
    if (Number(request.headers['content-length'] ?? 0) > mostBytes) return 413;
    const body = await bodyOf(request);
    if (body === null) return 413;
    const proof = proofOf(request.headers, body, await secret());
    if (proof !== 'good') {
      const from = request.socket.remoteAddress ?? null;
      log.warn({ from, proof }, 'a webhook was refused: it is not signed with the secret of source.git.webhook');
      return 401;
    }
    onPush();
    return 204;
  }

  function isTooMany(): boolean {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) requests = 0;
    second = now;
    requests += 1;
    return requests > mostRequests;
  }

  function close(): Promise<void> {
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}

/** The whole body; null: it is too large. */
function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= mostBytes) chunks.push(chunk);
      else resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => reject(new Error('the request was not finished')));
    request.on('error', reject);
  });
}

/** Whoever is refused before all was read is not read any further. */
function end(response: ServerResponse, status: number): void {
  const more = status === 405 ? { allow: 'POST' } : status === 429 ? { 'retry-after': '1' } : {};
  response.writeHead(status, { ...more, ...(status === 204 ? {} : { 'content-length': '0' }), connection: 'close' });
  response.end();
}

function placeOf(listen: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(listen) ?? [];
  return { host, port: Number(port) };
}

function cannotListen(error: NodeJS.ErrnoException, listen: string): MusterError {
  const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
  const code = error.code === 'EACCES' ? 'EACCES' : error.code === 'EADDRINUSE' ? 'EBUSY' : 'EINVAL';
  return new MusterError(code, `source.git.webhook cannot listen at ${listen}: ${why} (${error.code ?? 'error'})`, {
    hint: 'choose another address or port in source.git.webhook.listen',
    cause: error,
  });
}
