import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../model/error.ts';
import { forwarded } from './headers.ts';
import type { Live } from './live.ts';
import type { Requests, RequestsPorts } from './requests.ts';
import { readTarget, type Target } from './target.ts';

/**
 * Takes a connection that a client wants to use otherwise (WebSocket) to the component, which has it from then on; it ends with
 * that. A component that does not know how answers as if nothing had been asked.
 */
export function acceptUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, requests: Requests, ports: RequestsPorts): void {
  socket.on('error', () => socket.destroy());
  const target = readTarget(request);
  const found = target === null ? 400 : ports.routes.find(target.domain, target.path);
  const live = typeof found === 'number' ? null : found.component.taking();
  const isClear = target === null || ports.arrivals.isOver;
  if (target === null || typeof found === 'number' || live === null) refuse(socket, typeof found === 'number' && isClear ? found : 503);
  else if (live.loaded.handles('upgrade')) handOver({ request, socket, head, mount: found.mount }, target, live, ports);
  else answerPlainly(request, socket as Socket, requests);
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly mount: string;
}

function handOver(payload: Upgrade, target: Target, live: Live, ports: RequestsPorts): void {
  const { request, socket } = payload;
  live.upgraded(socket);
  const { upgrade } = request.headers;
  forwarded(request, target.authority, ports.current.trusts);
  Object.assign(request.headers, { connection: 'Upgrade', upgrade });
  request.url = target.url;
  live.loaded.call('upgrade', payload).answer.catch((error: unknown) => {
    ports.log.warn(`${live.loaded.name} failed to take the connection of ${target.path}: ${messageOf(error)}`);
    refuse(socket, 500);
  });
}

function refuse(socket: Duplex, status: number): void {
  if (socket.destroyed) return;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

/** Who asks for another protocol can always be answered in this one. A body would not be read any more. */
function answerPlainly(request: IncomingMessage, socket: Socket, requests: Requests): void {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody) {
    refuse(socket, 400);
    return;
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  requests.accept(request, response);
}
