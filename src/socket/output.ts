import type { Socket } from 'node:net';

/** What goes to one client. */
export interface Output {
  write(line: string): void;
  /** Resolves when little enough is waiting, or nobody is there any more. */
  room(): Promise<void>;
  /** Ends the connection once everything is sent. Idempotent. */
  end(): void;
}

const earlyWrite = 8 * 1024; // so much goes before the end of its turn: the client begins with it while the daemon goes on
const highWater = 1024 * 1024; // above it nothing more is read from the client, and streams wait
const maxBuffered = 64 * 1024 * 1024; // above it the client is dropped

/** Gathers the lines of one turn into one write, and keeps what waits for a slow reader within bounds. */
export function createOutput(socket: Socket, stallTimeout: number, onStall: (reason: string) => void): Output {
  let gathered = '';
  let scheduled = false;
  let ending = false;
  let waiting: (() => void)[] = [];
  let stall: NodeJS.Timeout | null = null;
  /** Writes that went out whole. */
  let taken = 0;

  socket.on('drain', () => {
    watch();
    if (buffered() < highWater) release();
  });
  socket.on('close', () => {
    if (stall !== null) clearTimeout(stall);
    release();
  });

  return {
    write(line) {
      if (ending || socket.destroyed) return;
      gathered += line;
      if (gathered.length >= earlyWrite) flush();
      if (scheduled) return;
      scheduled = true;
      process.nextTick(flushLast);
    },
    room() {
      return buffered() < highWater || socket.destroyed ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    },
    end() {
      if (ending) return;
      flush();
      ending = true;
      socket.end();
    },
  };

  function buffered(): number {
    return socket.writableLength + gathered.length;
  }

  function flushLast(): void {
    scheduled = false;
    flush();
  }

  function flush(): void {
    if (gathered === '' || socket.destroyed || ending) return;
    const lines = gathered;
    gathered = '';
    const flowing = socket.write(lines, () => {
      taken += 1;
    });
    if (flowing) return;
    if (buffered() > maxBuffered) {
      onStall('a client that does not read was dropped: too much waits for it');
      return;
    }
    if (buffered() > highWater) socket.pause();
    watch();
  }

  function release(): void {
    if (!socket.destroyed) socket.resume();
    const ready = waiting;
    waiting = [];
    for (const resolve of ready) resolve();
  }

  /** As long as something waits, some of it must go out within the time. */
  function watch(): void {
    if (socket.writableLength === 0) {
      if (stall !== null) clearTimeout(stall);
      stall = null;
      return;
    }
    if (stall !== null) return;
    const takenBefore = taken;
    stall = setTimeout(() => {
      stall = null;
      if (taken === takenBefore && socket.writableLength > 0)
        onStall('a client that does not read was dropped: it took nothing for too long');
      else watch();
    }, stallTimeout);
    stall.unref();
  }
}
