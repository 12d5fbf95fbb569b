import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { lingerMs } from './closing.ts';

/** Whether Node reads the body of a request that asks for another protocol (nodejs/node#60016), or leaves it on the connection. */
const isApart = Number(process.versions.node.split('.')[0]) >= 26;

/** The body of a request that is there whole, as it would go over a connection. */
export function framedBody(request: IncomingMessage): Buffer {
  if (!isApart) return Buffer.alloc(0);
  const body: Buffer = request.read() ?? Buffer.alloc(0);
  if (request.headers['transfer-encoding'] === undefined) return body;
  const pieces = body.length === 0 ? [] : [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')];
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/**
 * Has a request answered whose body is still coming. Node gives away its connection then, but for that `stream`; it is closed after
 * the answer, since nobody reads there what may be asked next. What comes meanwhile is let go by: an answer to a client that still
 * sends would be lost with a connection that is closed at once.
 */
export function answerLast(request: IncomingMessage, stream: Duplex, answer: Answer): void {
  const { socket } = request;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  stream.on('drain', () => response.emit('drain'));
  stream.once('close', () => {
    if (!request.complete) request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  });
  response.once('finish', () => {
    socket.end();
    request.resume();
    stream.resume();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  });
  response.assignSocket(stream as Socket);
  answer(request, response, /^100-continue$/i.test(request.headers.expect ?? ''));
}

/** `mayGoOn`: the client waits to be told to send its body. */
export type Answer = (request: IncomingMessage, response: ServerResponse, mayGoOn: boolean) => void;
