import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { addressText } from '../../model/address.ts';
import { MusterError } from '../../model/error.ts';
import type { Answer } from './answer.ts';
import type { Listen } from './settings.ts';

export interface MetricsServer {
  /** Where it listens, its port where any was asked for. */
  readonly address: Listen;
  /** Takes no more; what is being answered has a moment. Idempotent. */
  close(): Promise<void>;
}

/** Beyond so many the oldest connection goes: who holds many of them open keeps nobody out. */
const mostConnections = 128;
/** A whole request and its whole answer have to be through in this time each. */
const requestMs = 10_000;
const responseMs = 30_000;
const closeMs = 1000;

/** Rejects where it cannot listen there. */
export async function openServer(listen: Listen, answer: Answer, warn: (problem: string) => void): Promise<MetricsServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: 1000 });
  server.on('request', (request, response) => void respond(request, response, answer));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const [oldest] = sockets;
    if (sockets.size > mostConnections) oldest?.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refused(listen, error)));
    server.listen(listen, () => {
      server.removeAllListeners('error');
      server.on('error', (error) => warn(`the server at ${addressText(listen)} has trouble: ${error.message}`));
      resolve();
    });
  });
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), closeMs);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      server.closeIdleConnections();
    });
  return {
    address: { host: listen.host, port: (server.address() as AddressInfo).port },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const { method = '', url = '', headers, socket } = request;
  const { status, headers: own, body } = await answer({ method, url, headers, address: socket.remoteAddress ?? '' });
  if (response.destroyed) return;
  // One that reads slowly, or not at all, has all of the answer or none.
  const timer = setTimeout(() => socket.destroy(), responseMs);
  response.once('close', () => clearTimeout(timer));
  const length = String(Buffer.byteLength(body));
  // What of a request is still to come is not waited for.
  const end = request.complete || method === 'GET' || method === 'HEAD' ? {} : { connection: 'close' };
  response.writeHead(status, {
    ...own,
    'content-length': length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...end,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

function refused(listen: Listen, error: NodeJS.ErrnoException): Error {
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there already; say another port in config.listen',
    EACCES: 'it is not permitted; ports below 1024 are for root',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no such host',
  };
  const code = error.code ?? 'EIO';
  return new MusterError('EINVAL', `cannot listen at ${addressText(listen)}: ${why[code] ?? error.message} (${code})`);
}
