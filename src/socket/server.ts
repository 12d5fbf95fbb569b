import { chmodSync, chownSync, lstatSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { BusClient } from '../model/bus.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { Log } from '../model/ports.ts';
import { type Address, addressOf } from './address.ts';
import { type Connection, type ConnectionOptions, type OnRequest, sentAwayLine, serveConnection } from './connection.ts';

export interface SocketServerOptions {
  path: string;
  onRequest: OnRequest;
  /** One for each connection that needs it, for events and requests to modules. */
  bus?: () => BusClient;
  log: Log;
  /** Takes secrets out of JSON that is shown; without it nothing is hidden. */
  masked?: ConnectionOptions['masked'];
  /** Permissions of the socket; 0600 without. */
  mode?: number;
  /** Group that is to own the socket. */
  gid?: number;
  maxInFlight?: number;
  stallTimeout?: number;
}

export interface SocketServer {
  /** Takes no more clients, sends what is waiting for those that are there (at most `grace` ms), ends. Idempotent. */
  close(grace?: number): Promise<void>;
  /** Sends all clients away that are there (`Connection.sendAway`), and lets those wait that come. */
  pause(patience: number): Promise<void>;
  /** They wait no longer. */
  resume(): void;
}

const ownerOnly = 0o600;
const maxInFlight = 4096; // more than fit into one read of small requests
const stallTimeout = 60_000; // who looks at a pager for longer connects again
const closeGrace = 1000;
const maxClients = 1024; // descriptors are needed for modules too

/** Listens on a unix socket of any path length. The caller holds the lock of the folder: a socket file that is there is stale. */
export async function serveSocket(options: SocketServerOptions): Promise<SocketServer> {
  const { path, log } = options;
  const connections = new Set<Connection>();
  const limits = {
    onRequest: options.onRequest,
    bus: options.bus,
    log,
    masked: options.masked ?? ((json: string) => json),
    maxInFlight: options.maxInFlight ?? maxInFlight,
    stallTimeout: options.stallTimeout ?? stallTimeout,
  };
  let clients = 0;
  let waiting: Socket[] | null = null;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    if (waiting === null) take(socket);
    else waiting.push(socket);
  });
  server.maxConnections = maxClients;

  function take(socket: Socket): void {
    clients += 1;
    const connection = serveConnection(socket, { id: clients }, limits);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
    socket.resume();
  }

  const { address, inode } = await listen(server, options).catch((error) => {
    if (error instanceof MusterError) throw error;
    throw new MusterError(error.code === 'EACCES' ? 'EACCES' : 'EIO', `cannot listen at ${path}: ${messageOf(error)}`, { cause: error });
  });
  server.on('error', (error) => log.error({ err: error }, 'the control socket failed'));

  let closed: Promise<void> | null = null;
  return {
    close(grace = closeGrace) {
      closed ??= closeAll(grace);
      return closed;
    },
    async pause(patience) {
      waiting ??= [];
      await Promise.all([...connections].map((connection) => connection.sendAway(patience)));
    },
    resume() {
      const come = waiting ?? [];
      waiting = null;
      for (const socket of come) take(socket);
    },
  };

  /** Those that have connected and were not accepted yet would not hear why; nobody comes after them. */
  async function acceptLast(): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async function closeAll(grace: number): Promise<void> {
    removeOwn(path, inode);
    if (waiting !== null) await acceptLast();
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of waiting ?? []) {
      socket.on('error', () => {});
      socket.end(sentAwayLine);
      socket.resume();
    }
    await Promise.all([...connections].map((connection) => connection.close(grace)));
    await done;
    address.release(); // Not before: closing unlinks by that name.
  }
}

/**
 * The socket is made under another name: closing a server unlinks that, and at the path there may be the socket of another daemon by then,
 * where somebody has removed ours.
 */
async function listen(
  server: Server,
  { path, mode = ownerOnly, gid }: SocketServerOptions,
): Promise<{ readonly address: Address; readonly inode: number }> {
  removeStale(path);
  const made = `${path}.${process.pid}`;
  removeStale(made);
  const address = addressOf(made);
  try {
    // Bound in this very turn, so the umask is nobody else's.
    const umask = process.umask(0o777 & ~ownerOnly);
    const listening = new Promise<void>((resolve, reject) => server.once('error', reject).listen(address.name, resolve));
    process.umask(umask);
    await listening;
    server.removeAllListeners('error');
    if (gid !== undefined) chownSync(address.name, -1, gid);
    if (mode !== ownerOnly) chmodSync(address.name, mode);
    renameSync(address.name, join(dirname(address.name), basename(path)));
    return { address, inode: lstatSync(path).ino };
  } catch (error) {
    server.close();
    address.release();
    throw error;
  }
}

function removeOwn(path: string, inode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
}

function removeStale(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) throw new MusterError('EEXIST', `${path} is there and is no socket`, { hint: 'Move it away.' });
  unlinkSync(path);
}
