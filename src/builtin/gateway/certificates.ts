import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { Server as SecureServer } from 'node:tls';
import { createSecureContext, type SecureContext } from 'node:tls';
import { MusterError, messageOf } from '../../model/error.ts';
import type { KeyPair, Tls } from './settings.ts';

/** What servers show to clients, from files. */
export interface Certificates {
  readonly own: { readonly cert: Buffer; readonly key: Buffer };
  /** By the name that a client asks for. */
  readonly named: ReadonlyMap<string, SecureContext>;
}

/** How often files are looked at, ms; by their time and size, so that it does not matter how they are replaced. */
const watchMs = 1000;
const minVersion = 'TLSv1.2';

/** Which ones a server shows now. */
const shown = new WeakMap<Server, Certificates>();

/** Throws EINVAL, naming the file, for what cannot be read or does not fit together. */
export function readCertificates({ cert, key, hosts }: Tls): Certificates {
  const { own } = readPair({ cert, key });
  const named = Object.entries(hosts).map(([domain, pair]) => [domain, readPair(pair).context] as const);
  return { own, named: new Map(named) };
}

export function createTlsServer(options: ServerOptions, certificates: Certificates): Server {
  const server: Server = createServer({
    ...options,
    ...certificates.own,
    minVersion,
    SNICallback: (domain, done) => done(null, shown.get(server)?.named.get(domain.toLowerCase())),
  });
  shown.set(server, certificates);
  return server;
}

/** For connections that are made from now on. */
export function show(server: Server, certificates: Certificates): void {
  shown.set(server, certificates);
  (server as unknown as SecureServer).setSecureContext({ ...certificates.own, minVersion });
}

/** Calls `changed` when one of the files has; returns what ends that. */
export function watchCertificates({ cert, key, hosts }: Tls, changed: () => void): () => void {
  const files = new Set([cert, key, ...Object.values(hosts).flatMap((pair) => [pair.cert, pair.key])]);
  for (const file of files) watchFile(file, { interval: watchMs, persistent: false }, changed);
  return () => {
    for (const file of files) unwatchFile(file, changed);
  };
}

function readPair(files: KeyPair): { own: Certificates['own']; context: SecureContext } {
  const own = { cert: read(files.cert), key: read(files.key) };
  try {
    return { own, context: createSecureContext({ ...own, minVersion }) };
  } catch (error) {
    throw new MusterError('EINVAL', `${files.cert} and ${files.key} are no certificate with its key: ${messageOf(error)}`);
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new MusterError('EINVAL', `cannot read ${file}: ${messageOf(error)}`);
  }
}
