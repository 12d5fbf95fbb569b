import { renameSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
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
  const short = shortest(path);
  const making = `${short}.new`;
  const server = createServer();
  try {
    // Bound in this very turn, so the umask is nobody else's.
    const umask = process.umask(0o177);
    const listening = new Promise<void>((resolve, reject) => server.once('error', reject).listen(making, resolve));
    process.umask(umask);
    await listening;
    // Closing it here removes the name that it was made with.
    renameSync(making, short);
  } catch (error) {
    server.close();
    throw new MusterError('EIO', `no socket can be made at ${path}: ${messageOf(error)}`, { cause: error });
  }
  return { fd: fdOf(server), close: () => void server.close() };
}

/** Node hands on a socket that listens over its own channel between processes alone; its number stands in this field. */
function fdOf(server: Server): number {
  const { _handle: handle } = server as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  if (typeof handle?.fd === 'number' && handle.fd >= 0) return handle.fd;
  server.close();
  throw new MusterError('ENOSYS', `Node ${process.version} does not tell the descriptor of a socket that listens`);
}

/** A path may be too long for a socket; from the state dir it is short. */
function shortest(path: string): string {
  const near = relative(process.cwd(), path);
  return near.length < path.length ? near : path;
}
