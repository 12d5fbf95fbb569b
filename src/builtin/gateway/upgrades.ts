import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../model/error.ts';
import { hasBody } from './body.ts';
import { type Answer, answerLast, framedBody } from './body-apart.ts';
import { forwarded } from './headers.ts';
import type { Live } from './live.ts';
import type { RequestsPorts } from './requests.ts';
import { readTarget, type Target } from './target.ts';
import { withoutUpgrade } from './without-upgrade.ts';

export interface AskedUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has come already of what follows. */
  readonly head: Buffer;
}

/** For a request that nobody takes so. */
export interface Otherwise {
  /** Begins with it anew. */
  anew(socket: Socket): void;
  readonly answer: Answer;
}

/**
 * Takes a connection that a client wants to use otherwise (WebSocket) to the component, which has it from then on; it ends with
 * that. A component that does not know how answers as if nothing had been asked. Not before all that was asked on this connection
 * earlier has its answer.
 */
export function acceptUpgrade(asked: AskedUpgrade, { anew, answer }: Otherwise, ports: RequestsPorts): void {
  const { request, socket: stream, head } = asked;
  const { socket } = request;
  const destroy = (): void => void socket.destroy();
  stream.on('error', destroy);
  ports.connections.afterAll(socket, () => {
    socket.setTimeout(0);
    if (isTaken(asked, ports)) return;
    if (stream !== socket) {
      answerLast(request, stream, answer);
      return;
    }
    socket.off('error', destroy);
    socket.unshift(Buffer.concat([withoutUpgrade(request), framedBody(request), head]));
    anew(socket);
  });
}

/** False: it is to be answered by what is spoken already. */
function isTaken(asked: AskedUpgrade, ports: RequestsPorts): boolean {
  const { request, socket } = asked;
  // What follows a body is in HTTP still: nobody who takes a connection would read that.
  if (hasBody(request) || /^h2c$/i.test(request.headers.upgrade ?? '')) return false;
  const target = readTarget(request);
  const found = target === null ? 400 : ports.routes.find(target.domain, target.path);
  if (target === null || typeof found === 'number') return false;
  const live = found.component.taking();
  if (live?.loaded.handles('upgrade') === false) return false;
  if (live === null) refuse(socket, 503);
  else handOver({ ...asked, mount: found.mount }, target, live, ports);
  return true;
}

interface Upgrade extends AskedUpgrade {
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
