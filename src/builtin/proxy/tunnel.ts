import { type IncomingMessage, request as open, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { limit, type Outcome } from './forward.ts';
import type { Settings } from './settings.ts';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has come already of what follows. */
  readonly head: Buffer;
}

/** Asks for another protocol on behalf of a client, and once that is granted passes bytes both ways. Never rejects. */
export function tunnel({ request, socket, head }: Upgrade, settings: Settings): Promise<Outcome> {
  return new Promise((resolve) => {
    const { method = 'GET', url = '/', headers } = request;
    const upstream = open({ ...settings.to.at, agent: false, method, path: url, headers });
    const fail = (status: number, why: Outcome): void => {
      upstream.destroy();
      refuse(socket, status);
      resolve(why);
    };
    limit(upstream, settings, (why) => fail(504, why));
    socket.on('close', () => upstream.destroy());
    upstream.on('error', (error: NodeJS.ErrnoException) => fail(502, error.code ?? error.message));
    upstream.on('response', (answer) => {
      socket.write(headOf(answer, 'Connection: close\r\n'));
      answer.pipe(socket);
      resolve(null);
    });
    upstream.on('upgrade', (answer, other: Duplex, first: Buffer) => {
      socket.write(headOf(answer));
      socket.write(first);
      other.write(head);
      other.on('error', () => socket.destroy());
      other.on('close', () => socket.destroy());
      socket.on('close', () => other.destroy());
      other.pipe(socket).pipe(other);
      (other as { setTimeout?(ms: number): void }).setTimeout?.(0);
      resolve(null);
    });
    upstream.end();
  });
}

export function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function headOf({ statusCode = 502, statusMessage, rawHeaders }: IncomingMessage, more = ''): string {
  let text = `HTTP/1.1 ${statusCode} ${statusMessage ?? STATUS_CODES[statusCode] ?? ''}\r\n`;
  const isUpgrade = statusCode === 101;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    // What comes after the head is passed on without its framing, and ends with the connection.
    if (!isUpgrade && /^(?:connection|transfer-encoding|keep-alive)$/i.test(name)) continue;
    text += `${name}: ${rawHeaders[at + 1]}\r\n`;
  }
  return `${text}${more}\r\n`;
}
