import type { Socket } from 'node:net';

/** One end of the channel between daemon and keeper: a message per line, as JSON. */
export interface Peer<Out> {
  /** What is sent in one turn of the event loop goes out in one write. */
  send(message: Out): void;
  /** Sends what waits, then ends. */
  end(): void;
  destroy(): void;
}

export interface PeerOptions<In> {
  /** Throws for what is no message; the channel is closed then. */
  parse(line: string): In;
  receive(message: In): void;
  /** Called once, when nothing comes any more; `error` is what `parse` threw. */
  lost(error: unknown): void;
}

export function createPeer<In, Out>(socket: Socket, { parse, receive, lost }: PeerOptions<In>): Peer<Out> {
  let rest = '';
  let gathered = '';
  let failure: unknown = null;

  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    try {
      for (const line of lines) if (!socket.destroyed) receive(parse(line));
    } catch (error) {
      failure = error;
      socket.destroy();
    }
  });
  socket.on('error', () => {}); // 'close' follows
  socket.once('close', () => lost(failure));

  return {
    send(message) {
      if (gathered === '') setImmediate(flush);
      gathered += `${JSON.stringify(message)}\n`;
    },
    end() {
      flush();
      socket.end();
    },
    destroy: () => void socket.destroy(),
  };

  function flush(): void {
    if (gathered !== '' && socket.writable) socket.write(gathered);
    gathered = '';
  }
}
