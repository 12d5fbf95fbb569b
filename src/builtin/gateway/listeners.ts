import { once } from 'node:events';
import { lstat, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type ServerOptions } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MusterError, messageOf } from '../../model/error.ts';
import { type Certificates, createTlsServer } from './certificates.ts';
import type { Limits, Listen, Settings } from './settings.ts';

export interface Listener {
  readonly listen: Listen;
  readonly server: Server;
  readonly isSecure: boolean;
  /** `http://127.0.0.1:8080`, with the port that it has got. */
  readonly shown: string;
}

/** How often it is looked whether a client is too slow, ms. */
const checkMs = 500;

/** Within one edit somebody else may leave an address: for so long it is waited for that. */
const patienceMs = 1000;
/** Who is told to go has closed its addresses long before. */
const predecessorMs = 30_000;
const retryMs = 1;

export interface Opening {
  readonly listen: Listen;
  readonly settings: Settings;
  readonly certificates: Certificates | null;
  prepare(server: Server): void;
  /** Called, perhaps more than once, where somebody has the address who then leaves it. */
  readonly busy: (() => void) | null;
}

/** Binds an address; rejects with what the system says, in words. */
export async function openListener({ listen, settings: { limits }, certificates, prepare, busy }: Opening): Promise<Listener> {
  const options: ServerOptions = { connectionsCheckingInterval: checkMs };
  const server = certificates === null ? createServer(options) : createTlsServer(options, certificates);
  applyLimits(server, limits);
  prepare(server);
  try {
    await bind(server, listen, busy);
  } catch (error) {
    throw new MusterError('EINVAL', `cannot listen on ${listen.text}: ${await reasonOf(error, listen)}`, { cause: error });
  }
  const isSecure = certificates !== null;
  return { listen, server, isSecure, shown: shownAt(listen, server, isSecure) };
}

async function bind(server: Server, { at }: Listen, busy: (() => void) | null): Promise<void> {
  const since = performance.now();
  for (;;) {
    if ('path' in at) await removeStale(at.path);
    server.listen(at);
    try {
      await once(server, 'listening');
      return;
    } catch (error) {
      const late = performance.now() - since > (busy === null ? patienceMs : predecessorMs);
      if (late || (error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    }
    busy?.();
    await sleep(retryMs);
  }
}

function shownAt({ at, text }: Listen, server: Server, isSecure: boolean): string {
  if ('path' in at) return text;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return `${isSecure ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`;
}

/** They hold for connections that are made from now on, and mostly for those that are there. */
export function applyLimits(server: Server, limits: Limits): void {
  const { maxConnections, maxHeaderSize, headersTimeout, requestTimeout, idleTimeout } = limits;
  Object.assign(server, { maxConnections, maxHeaderSize, headersTimeout, requestTimeout, keepAliveTimeout: idleTimeout });
}

/** A socket file that nobody listens at any more, as a killed process leaves it; whoever ends as it should takes it away at any moment. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found?.isSocket() !== true) return;
  const socket = connect(path);
  const failure = await once(socket, 'connect').then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code,
  );
  socket.destroy();
  if (failure === 'ECONNREFUSED') await rm(path, { force: true });
}

async function reasonOf(error: unknown, { at }: Listen): Promise<string> {
  switch ((error as { code?: unknown }).code) {
    case 'EADDRINUSE':
      return 'somebody else listens there (EADDRINUSE)';
    case 'EACCES':
      // The system says ENOENT there, and Node EACCES.
      if ('path' in at && (await stat(dirname(at.path)).catch(() => null)) === null) {
        return `the folder ${dirname(at.path)} does not exist (ENOENT)`;
      }
      return 'no permission (EACCES)';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address (EADDRNOTAVAIL)';
    default:
      return messageOf(error);
  }
}
