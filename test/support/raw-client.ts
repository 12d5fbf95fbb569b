import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { Place } from './place.ts';

export interface RawMessage {
  type: string;
  id?: number;
  topic?: string;
  payload?: unknown;
  more?: boolean;
  error?: { code: string; message: string };
}

/** A connection to the daemon of a place that writes what it likes, and sees each line as it comes. */
export interface RawClient extends Disposable {
  write(text: string): void;
  /** Returns the id of the request. */
  request(topic: string, payload?: unknown): number;
  messages(): readonly RawMessage[];
  /** Resolves when the other side has ended the connection. */
  readonly closed: Promise<void>;
}

export async function rawClient({ stateDir }: Pick<Place, 'stateDir'>): Promise<RawClient> {
  const socket = createConnection(join(stateDir, 'muster.sock'));
  await once(socket, 'connect');
  const messages: RawMessage[] = [];
  let rest = '';
  let lastId = 0;
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) messages.push(JSON.parse(line));
  });
  socket.on('error', () => {}); // 'close' follows
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    write: (text) => void socket.write(text),
    request(topic, payload) {
      lastId += 1;
      socket.write(`${JSON.stringify({ type: 'request', topic, id: lastId, payload })}\n`);
      return lastId;
    },
    messages: () => messages,
    closed,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
