import { renameSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { relative } from 'node:path';
import { MusterError, messageOf } from '../model/error.ts';

/** Of a socket that it listens at, a program has the descriptor. Known to runners (`runners/inside/runner.ts`). */
export const listeningFd = 3;

/** A socket for a program to listen at, made for it: who it runs as need not reach the folder. */
export interface Listening {
  readonly fd: number;
  /** The program has it, or is not to get it. */
  close(): void;
}

export async function listenFor(path: string): Promise<Listening> {
  const server = createServer();
  try {
    await bindAt(server, path);
  } catch (error) {
    server.close();
    throw new MusterError('EIO', `no socket can be made at ${path}: ${messageOf(error)}`, { cause: error });
  }
  return { fd: fdOf(server), close: () => void server.close() };
}

/** For this user alone. Closing it does not remove the path. */
export async function bindAt(server: Server, path: string): Promise<void> {
  const short = shortest(path);
  const making = `${short}.new`;
  // Bound in this very turn, so the umask is nobody else's.
  const umask = process.umask(0o177);
  const listening = new Promise<void>((resolve, reject) => server.once('error', reject).listen(making, resolve));
  process.umask(umask);
  await listening;
  // Closing it here removes the name that it was made with.
  renameSync(making, short);
}

/** Node hands on a socket that listens over its own channel between processes alone; its number stands in this field. */
function fdOf(server: Server): number {
  try {
    return descriptorOf(server);
  } catch (error) {
    server.close();
    throw error;
  }
}

export function descriptorOf(socket: Server | Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  if (typeof handle?.fd === 'number' && handle.fd >= 0) return handle.fd;
  throw new MusterError('ENOSYS', `Node ${process.version} does not tell the descriptor of a socket`);
}

/** A path may be too long for a socket; from the state dir it is short. */
export function shortest(path: string): string {
  const near = relative(process.cwd(), path);
  return near.length < path.length ? near : path;
}
