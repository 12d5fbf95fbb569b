import type { Socket } from 'node:net';
import { MusterError, messageOf, toWire } from '../model/error.ts';
import { type Message, maxLineBytes } from '../model/message.ts';
import type { Log } from '../model/ports.ts';
import { createLineSplitter } from './frames.ts';
import { parseMessage, type Request } from './inbound.ts';
import { createOutput } from './output.ts';

/** Who asks. The socket's permissions decide who can be a client at all. */
export interface ClientInfo {
  readonly id: number;
}

/** The answer to one request: any number of parts, then one `send` or `fail`. What comes after that is dropped. */
export interface Reply {
  send(payload: unknown): void;
  /** Resolves when there is room for more; a part for a client that left resolves too. */
  part(payload: unknown): Promise<void>;
  fail(error: unknown): void;
  /** Aborted when the client leaves or gives the request up. */
  readonly signal: AbortSignal;
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

interface InFlight {
  abort: AbortController | null;
}

const lingerMs = 2000; // a client that was told EPROTO gets this long to read it

export function serveConnection(socket: Socket, client: ClientInfo, options: ConnectionOptions): Connection {
  const { onRequest, log } = options;
  const splitter = createLineSplitter();
  const output = createOutput(socket, options.stallTimeout, (reason) => {
    log.warn({ client: client.id }, reason);
    socket.destroy();
  });
  const inFlight = new Set<InFlight>();
  const byId = new Map<number, InFlight>();
  let deaf = false;
  let left = false;

  socket.on('data', receive);
  // Half-closed clients still get their answers; who follows a stream stops by its signal.
  socket.on('end', leave);
  socket.on('error', (error) => log.debug({ client: client.id, error }, 'connection to a client failed'));
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
      splitter.push(chunk, (line) => {
        if (!deaf) take(parseMessage(line));
      });
    } catch (error) {
      hangUp(error);
    }
  }

  function take(message: Message): void {
    if (message.type === 'request') answer(message);
    else if (message.type === 'control' && message.topic === 'cancel' && message.id !== undefined) byId.get(message.id)?.abort?.abort();
  }

  /** Says why and ends. What the client still sends is read and dropped, so that it gets to see the answer. */
  function hangUp(error: unknown): void {
    deaf = true;
    log.warn({ client: client.id, error: messageOf(error) }, 'a client sent something that is no message');
    output.write(encode({ type: 'response', topic: '', id: 0, error: toWire(error) }));
    output.end();
    leave();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  }

  function answer(request: Request): void {
    const { topic, id, payload } = request;
    const base = { type: 'response', topic, id } as const;
    const entry: InFlight = { abort: null };
    const reply: Reply = {
      send(result) {
        if (finish(entry, id)) output.write(encodeOr({ ...base, payload: result }));
      },
      async part(result) {
        if (!inFlight.has(entry)) return;
        output.write(encodeOr({ ...base, payload: result, more: true }));
        await output.room();
      },
      fail(error) {
        if (finish(entry, id)) output.write(encode({ ...base, error: toWire(error) }));
      },
      get signal() {
        entry.abort ??= new AbortController();
        if (left) entry.abort.abort();
        return entry.abort.signal;
      },
    };
    const tooMany = inFlight.size >= options.maxInFlight;
    inFlight.add(entry);
    byId.set(id, entry);
    try {
      if (tooMany) throw new MusterError('EBUSY', `one client may have ${options.maxInFlight} requests in flight`);
      const done = onRequest({ topic, id, payload }, reply, client);
      if (done instanceof Promise) done.catch((error) => failed(entry, reply, error, topic));
    } catch (error) {
      failed(entry, reply, error, topic);
    }
  }

  function failed(entry: InFlight, reply: Reply, error: unknown, topic: string): void {
    if (!(error instanceof MusterError)) log.error({ error, topic }, 'a request failed');
    if (inFlight.has(entry)) reply.fail(error);
  }

  function finish(entry: InFlight, id: number): boolean {
    if (!inFlight.delete(entry)) return false;
    if (byId.get(id) === entry) byId.delete(id);
    if (left && inFlight.size === 0) queueMicrotask(() => output.end());
    return true;
  }

  function leave(): void {
    left = true;
    for (const { abort } of inFlight) abort?.abort();
    if (inFlight.size === 0) output.end();
  }

  function encodeOr(message: Message): string {
    const line = encode(message);
    if (line.length * 3 <= maxLineBytes || Buffer.byteLength(line) <= maxLineBytes) return line;
    const { type, topic, id } = message as Extract<Message, { type: 'response' }>;
    return encode({
      type,
      topic,
      id,
      error: toWire(new MusterError('E2BIG', `the response to ${topic} is longer than ${maxLineBytes} bytes`)),
    });
  }
}

function encode(message: Message): string {
  return `${JSON.stringify(message)}\n`;
}
