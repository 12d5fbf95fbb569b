import type { Socket } from 'node:net';
import type { Peer } from '../model/audit.ts';
import type { BusClient } from '../model/bus.ts';
import { MusterError, messageOf, toWire } from '../model/error.ts';
import type { Message } from '../model/message.ts';
import type { Log } from '../model/ports.ts';
import { Slots } from '../model/slots.ts';
import { createLineSplitter } from './frames.ts';
import { parseMessage, type Request } from './inbound.ts';
import { OpenIds } from './open-ids.ts';
import { createOutput } from './output.ts';
import { peerOf } from './peer.ts';
import { errorLine, PendingReply, type Recipient, type Reply } from './reply.ts';

/** Who asks. The socket's permissions decide who can be a client at all. */
export interface ClientInfo {
  readonly id: number;
}

/** Answers by `reply`, now or later. What it throws or rejects with becomes the answer. */
export type OnRequest = (request: Pick<Request, 'topic' | 'id' | 'payload'>, reply: Reply, client: ClientInfo) => void | Promise<void>;

export interface ConnectionOptions {
  /** Requests to service `muster`; without a bus all. */
  onRequest: OnRequest;
  /** For events, and requests to modules. */
  bus?: (() => BusClient) | undefined;
  log: Log;
  /** Takes secrets out of JSON that is shown: the answers of the daemon, and of modules where that is asked for. */
  masked: Recipient['masked'];
  /** Requests of one client that may wait for their answer; more get `EBUSY`. */
  maxInFlight: number;
  /** ms after which a client that reads nothing of what waits for it is dropped. */
  stallTimeout: number;
}

export interface Connection {
  /** Sends what is waiting, then ends; resolves when it is gone, after `grace` ms at the latest. */
  close(grace: number): Promise<void>;
  /** Takes nothing more; requests that are answered within `patience` ms are answered, and the client is told to come again. */
  sendAway(patience: number): Promise<void>;
}

/** Bytes of requests to modules that wait for their answer, per client. */
const maxBytesInFlight = 64 * 1024 * 1024;
const lookMs = 5;
/** The last that a client hears of a daemon that another one takes over from: what it has not answered it has not begun with. */
export const sentAwayLine = `${JSON.stringify({ type: 'control', topic: 'replaced' })}\n`;
const lingerMs = 2000; // a client that was told EPROTO gets this long to read it

export function serveConnection(socket: Socket, info: ClientInfo, options: ConnectionOptions): Connection {
  const { onRequest, log } = options;
  const splitter = createLineSplitter();
  const output = createOutput(socket, options.stallTimeout, (reason) => {
    log.warn({ client: info.id }, reason);
    socket.destroy();
  });
  const inFlight = new Slots<PendingReply>();
  const ids = new OpenIds();
  let bytesInFlight = 0;
  let client: BusClient | null = null;
  let deaf = false;
  let left = false;
  let peer: Promise<Peer | null> | null = null;
  const recipient: Recipient = {
    write: output.write,
    room: output.room,
    peer() {
      peer ??= peerOf(socket);
      return peer;
    },
    masked: options.masked,
    get left() {
      return left;
    },
    finished(reply) {
      inFlight.delete(reply.slot);
      if (inFlight.size === 0) ids.clear();
      else ids.release(reply.id);
      bytesInFlight -= reply.bytes;
      if (left && inFlight.size === 0) queueMicrotask(output.end);
    },
  };

  socket.on('data', receive);
  // Half-closed clients still get their answers; who follows a stream stops by its signal.
  socket.on('end', halfClose);
  socket.on('error', (error) => log.debug({ client: info.id, err: error }, 'connection to a client failed'));
  socket.on('close', () => {
    leave();
    client?.close();
  });

  return {
    async sendAway(patience) {
      socket.pause();
      const deadline = Date.now() + patience;
      while (inFlight.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, lookMs));
      for (const reply of inFlight.all()) {
        reply.fail(reply.asked === null ? comeAgain() : unanswered(reply.topic));
        reply.abort();
      }
      deaf = true;
      output.write(sentAwayLine);
      output.end();
      leave();
      socket.resume();
    },
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

  /** Without a line break at its end it is a line as well. */
  function receiveLast(): void {
    if (deaf) return;
    try {
      splitter.end(takeLine);
    } catch (error) {
      hangUp(error);
    }
  }

  function takeLine(line: string): void {
    if (deaf) return;
    const message: Message = parseMessage(line);
    if (message.type === 'request') answer(message, line.length);
    else if (message.type === 'event') publish(message.topic, message.payload);
    else if (message.type === 'control') cancel(message.id);
  }

  function onBus(bus: () => BusClient): BusClient {
    client ??= bus();
    return client;
  }

  /** Nobody waits to hear that it may not be published; the bus counts it. */
  function publish(topic: string, payload: unknown): void {
    if (options.bus === undefined) return;
    try {
      onBus(options.bus).publish(topic, payload);
    } catch (error) {
      log.debug({ client: info.id, topic: topic.slice(0, 128), reason: messageOf(error) }, 'an event of a client was dropped');
    }
  }

  /** Says why and ends. What the client still sends is read and dropped, so that it gets to see the answer. */
  function hangUp(error: unknown): void {
    deaf = true;
    log.warn({ client: info.id, reason: messageOf(error) }, 'a client sent something that is no message');
    output.write(errorLine('', 0, toWire(error)));
    output.end();
    leave();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  function answer(request: Request, bytes: number): void {
    const { topic, id, shown } = request;
    const isOurs = options.bus === undefined || topic.startsWith('muster.');
    if (!ids.take(id, openIds)) {
      // The first has not been answered, and will be.
      const error = new MusterError('EINVAL', `the id ${id} is that of an open request; each has its own until it is answered`);
      output.write(errorLine(topic, id, toWire(error)));
      return;
    }
    const reply = new PendingReply(topic, id, isOurs ? 'muster' : shown === true ? 'module' : null, recipient);
    try {
      if (inFlight.size >= options.maxInFlight)
        throw new MusterError('EBUSY', `one client may have ${options.maxInFlight} requests in flight`);
      reply.slot = inFlight.add(reply);
      if (isOurs || options.bus === undefined) {
        onRequest(request, reply, info)?.catch((error) => failed(reply, error));
      } else ask(request, bytes, reply, options.bus);
    } catch (error) {
      failed(reply, error);
    }
  }

  function openIds(): number[] {
    return inFlight.all().map(({ id }) => id);
  }

  function ask({ topic, payload }: Request, bytes: number, reply: PendingReply, bus: () => BusClient): void {
    if (bytesInFlight + bytes > maxBytesInFlight) {
      throw new MusterError('EBUSY', `one client may have ${maxBytesInFlight} bytes of requests in flight`);
    }
    reply.bytes = bytes;
    bytesInFlight += bytes;
    reply.asked = onBus(bus).ask(topic, payload, reply);
  }

  function failed(reply: PendingReply, error: unknown): void {
    if (!(error instanceof MusterError)) log.error({ err: error, topic: reply.topic }, 'a request failed');
    reply.fail(error);
  }

  function cancel(id: number | undefined): void {
    for (const reply of inFlight.all()) {
      if (reply.id !== id) continue;
      if (reply.asked === null) reply.abort();
      else client?.cancel(reply.asked);
    }
  }

  function leave(): void {
    left = true;
    for (const reply of inFlight.all()) reply.abort();
    if (inFlight.size === 0) output.end();
  }

  /** It may still read, or be gone altogether: that shows when something is written. A space before a line says nothing. */
  function halfClose(): void {
    receiveLast();
    leave();
    if (inFlight.size > 0) output.write(' ');
  }
}

/** Nothing was changed by it that is not done. */
function comeAgain(): MusterError {
  return new MusterError('ERESTART', 'another daemon takes over: ask again');
}

function unanswered(topic: string): MusterError {
  return new MusterError('EHOSTUNREACH', `another daemon took over before ${topic} was answered`);
}
