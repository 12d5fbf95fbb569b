import { createConnection, type Socket } from 'node:net';
import { fromWire, MusterError } from '../model/error.ts';
import type { Message } from '../model/message.ts';
import { addressOf } from './address.ts';
import { createLineSplitter } from './frames.ts';

export interface RequestOptions {
  /** Gets each part of a streamed response; while a promise it returned is pending, nothing more is delivered or read. */
  onPart?: (payload: unknown) => void | Promise<void>;
  /** Gives the request up: the daemon is told, and it rejects with `ECANCELED`. */
  signal?: AbortSignal;
  /** The answer is for people to read: secrets are taken out of it. */
  shown?: boolean;
}

/** A connection to a daemon. */
export interface Client {
  /** Resolves with the payload of the final response; rejects with the error that the other side sent, `ERESTART` where another daemon takes over and is to be asked, or `EHOSTUNREACH`. */
  request(topic: string, payload: unknown, options?: RequestOptions): Promise<unknown>;
  /** Idempotent. What is still pending rejects. */
  close(): void;
}

type Response = Extract<Message, { type: 'response' }>;

interface Pending {
  topic: string;
  onPart: RequestOptions['onPart'];
  resolve(payload: unknown): void;
  reject(error: Error): void;
}

/** Rejects with `ECONNREFUSED` if nobody listens at that path, `EACCES` if it may not be used. */
export async function connect({ path }: { path: string }): Promise<Client> {
  return clientOn(await dial(path));
}

/** The bare connection; rejects as `connect` does. */
export function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(unreachable(error, path));
    let address: ReturnType<typeof addressOf>;
    try {
      address = addressOf(path);
    } catch (error) {
      return fail(error as NodeJS.ErrnoException);
    }
    const socket = createConnection(address.name);
    socket.once('error', fail);
    socket.once('close', address.release);
    socket.once('connect', () => {
      address.release();
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function unreachable(error: NodeJS.ErrnoException, path: string): Error {
  if (error instanceof MusterError) return error;
  if (error.code === 'EACCES' || error.code === 'EPERM') return new MusterError('EACCES', `no permission to use ${path}`, { cause: error });
  if (error.code === 'EAGAIN')
    return new MusterError('EHOSTUNREACH', `the daemon at ${path} takes no connections now: it is overloaded or hangs`, { cause: error });
  if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED' && error.code !== 'ENOTDIR') return error;
  return new MusterError('ECONNREFUSED', `no daemon answers at ${path}`, { cause: error });
}

function clientOn(socket: Socket): Client {
  const pending = new Map<number, Pending>();
  const splitter = createLineSplitter();
  let lastId = 0;
  let ended: Error | null = null;
  let gathered = '';
  let busy = false;
  let held: string[] = [];

  socket.on('data', (chunk: Buffer) => {
    guarded(() => splitter.push(chunk, receive));
  });
  socket.on('error', () => {}); // 'close' follows.
  socket.on('close', () => end(null));

  return {
    request(topic, payload, { onPart, signal, shown } = {}) {
      if (ended !== null) return Promise.reject(ended);
      if (signal?.aborted) return Promise.reject(canceled(topic));
      const id = ++lastId;
      const answered = new Promise((resolve, reject) => pending.set(id, { topic, onPart, resolve, reject }));
      send({ type: 'request', topic, id, payload, ...(shown === true ? { shown } : {}) });
      return signal === undefined ? answered : cancelable(answered, id, signal);
    },
    close() {
      end(new MusterError('ECANCELED', 'the connection was closed'));
    },
  };

  function cancelable(answered: Promise<unknown>, id: number, signal: AbortSignal): Promise<unknown> {
    const cancel = () => {
      const request = pending.get(id);
      if (request === undefined) return;
      pending.delete(id);
      send({ type: 'control', topic: 'cancel', id });
      request.reject(canceled(request.topic));
    };
    signal.addEventListener('abort', cancel, { once: true });
    return answered.finally(() => signal.removeEventListener('abort', cancel));
  }

  /** Requests of one turn go out in one write. */
  function send(message: Message): void {
    if (gathered === '') process.nextTick(flush);
    gathered += `${JSON.stringify(message)}\n`;
  }

  function flush(): void {
    if (ended === null) socket.write(gathered);
    gathered = '';
  }

  /** What the other side sends and cannot be understood ends the connection. */
  function guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      end(error as Error);
    }
  }

  function receive(line: string): void {
    if (ended !== null) return;
    if (busy) held.push(line);
    else take(line);
  }

  function take(line: string): void {
    const message = parse(line);
    if (message?.type === 'control' && message.topic === 'replaced') {
      end(new MusterError('ERESTART', 'another daemon takes over: ask again'));
      return;
    }
    if (message?.type !== 'response') return;
    const request = pending.get(message.id);
    if (request !== undefined) answer(request, message);
    else if (message.error !== undefined && message.id === 0) end(fromWire(message.error)); // About the connection as such.
  }

  function answer(request: Pending, response: Response): void {
    if (response.more === true) {
      const taking = request.onPart?.(response.payload);
      if (taking instanceof Promise) void hold(taking, request, response.id);
      return;
    }
    pending.delete(response.id);
    if (response.error === undefined) request.resolve(response.payload);
    else request.reject(fromWire(response.error));
  }

  /** Keeps order for a receiver that is slower than the daemon, and makes the daemon wait for it. */
  async function hold(taking: Promise<void>, request: Pending, id: number): Promise<void> {
    busy = true;
    socket.pause();
    try {
      await taking;
    } catch (error) {
      pending.delete(id);
      request.reject(error as Error);
    }
    busy = false;
    const lines = held;
    held = [];
    guarded(() => {
      for (const line of lines) receive(line);
    });
    if (!busy) socket.resume();
  }

  function end(error: Error | null): void {
    if (ended !== null) return;
    ended = error ?? new MusterError('EHOSTUNREACH', 'the daemon went away');
    for (const { topic, reject } of pending.values()) {
      reject(error ?? new MusterError('EHOSTUNREACH', `the daemon went away before it answered ${topic}`));
    }
    pending.clear();
    socket.destroy();
  }
}

function parse(line: string): Message | null {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new MusterError('EPROTO', 'what answers at the socket is no muster daemon: a line is no JSON', { cause: error });
  }
}

function canceled(topic: string): MusterError {
  return new MusterError('ECANCELED', `${topic} was given up`);
}
