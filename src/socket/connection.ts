import type { Socket } from 'node:net';
import { MusterError, messageOf, toWire } from '../model/error.ts';
import type { Message } from '../model/message.ts';
import type { Log } from '../model/ports.ts';
import { createLineSplitter } from './frames.ts';
import { parseMessage, type Request } from './inbound.ts';
import { createOutput } from './output.ts';
import { errorLine, PendingReply, type Recipient, type Reply } from './reply.ts';

/** Who asks. The socket's permissions decide who can be a client at all. */
export interface ClientInfo {
  readonly id: number;
}

/** Answers by `reply`, now or later. What it throws or rejects with becomes the answer. */
export type OnRequest = (request: Pick<Request, 'topic' | 'id' | 'payload'>, reply: Reply, client: ClientInfo) => void | Promise<void>;

export interface ConnectionOptions {
  onRequest: OnRequest;
  log: Log;
  /** Requests of one client that may wait for their answer; more get `EBUSY`. */
  maxInFlight: number;
  /** ms after which a client that reads nothing of what waits for it is dropped. */
  stallTimeout: number;
}

export interface Connection {
  /** Sends what is waiting, then ends; resolves when it is gone, after `grace` ms at the latest. */
  close(grace: number): Promise<void>;
}

const lingerMs = 2000; // a client that was told EPROTO gets this long to read it

export function serveConnection(socket: Socket, client: ClientInfo, options: ConnectionOptions): Connection {
  const { onRequest, log } = options;
  const splitter = createLineSplitter();
  const output = createOutput(socket, options.stallTimeout, (reason) => {
    log.warn({ client: client.id }, reason);
    socket.destroy();
  });
  const inFlight = new Set<PendingReply>();
  let deaf = false;
  let left = false;
  const recipient: Recipient = {
    write: output.write,
    room: output.room,
    get left() {
      return left;
    },
    finished(reply) {
      inFlight.delete(reply);
      if (left && inFlight.size === 0) queueMicrotask(output.end);
    },
  };

  socket.on('data', receive);
  // Half-closed clients still get their answers; who follows a stream stops by its signal.
  socket.on('end', leave);
  socket.on('error', (error) => log.debug({ client: client.id, err: error }, 'connection to a client failed'));
  socket.on('close', leave);

  return {
    close(grace) {
      return new Promise((resolve) => {
        if (socket.destroyed) return resolve();
        const timer = setTimeout(() => socket.destroy(), grace);
        socket.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        deaf = true;
        output.end();
        leave();
      });
    },
  };

  function receive(chunk: Buffer): void {
    if (deaf) return;
    try {
      splitter.push(chunk, takeLine);
    } catch (error) {
      hangUp(error);
    }
  }

  function takeLine(line: string): void {
    if (deaf) return;
    const message: Message = parseMessage(line);
    if (message.type === 'request') answer(message);
    else if (message.type === 'control' && message.topic === 'cancel') cancel(message.id);
  }

  /** Says why and ends. What the client still sends is read and dropped, so that it gets to see the answer. */
  function hangUp(error: unknown): void {
    deaf = true;
    log.warn({ client: client.id, reason: messageOf(error) }, 'a client sent something that is no message');
    output.write(errorLine('', 0, toWire(error)));
    output.end();
    leave();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  function answer(request: Request): void {
    const reply = new PendingReply(request.topic, request.id, recipient);
    try {
      if (inFlight.size >= options.maxInFlight)
        throw new MusterError('EBUSY', `one client may have ${options.maxInFlight} requests in flight`);
      inFlight.add(reply);
      onRequest(request, reply, client)?.catch((error) => failed(reply, error));
    } catch (error) {
      failed(reply, error);
    }
  }

  function failed(reply: PendingReply, error: unknown): void {
    if (!(error instanceof MusterError)) log.error({ err: error, topic: reply.topic }, 'a request failed');
    reply.fail(error);
  }

  function cancel(id: number | undefined): void {
    for (const reply of inFlight) if (reply.id === id) reply.abort();
  }

  function leave(): void {
    left = true;
    for (const reply of inFlight) reply.abort();
    if (inFlight.size === 0) output.end();
  }
}
