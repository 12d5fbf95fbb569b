import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:http';
import type { ServerOptions } from 'node:https';
import type { Server as SecureServer } from 'node:tls';
import { createSecureContext, type SecureContext } from 'node:tls';
import { MusterError, messageOf } from '../../model/error.ts';
import type { KeyPair, Tls } from './settings.ts';

/** What a server shows to clients, from files. */
export interface Certificates {
  readonly options: ServerOptions;
  /** For connections that are made from now on. */
  applyTo(server: Server): void;
}

/** How often files are looked at, ms; by their time and size, so that it does not matter how they are replaced. */
const watchMs = 1000;

/** Throws EINVAL, naming the file, for what cannot be read or does not fit together. */
export function readCertificates({ cert, key, hosts }: Tls): Certificates {
  const own = readPair({ cert, key });
  const named = new Map<string, SecureContext>(Object.entries(hosts).map(([domain, pair]) => [domain, readPair(pair).context]));
  return {
    options: {
      ...own.pair,
      minVersion: 'TLSv1.2',
      SNICallback: (domain, done) => done(null, named.get(domain.toLowerCase())),
    },
    applyTo(server) {
      (server as unknown as SecureServer).setSecureContext({ ...own.pair, minVersion: 'TLSv1.2' });
    },
  };
}

/** Calls `changed` when one of the files has; returns what ends that. */
export function watchCertificates({ cert, key, hosts }: Tls, changed: () => void): () => void {
  const files = new Set([cert, key, ...Object.values(hosts).flatMap((pair) => [pair.cert, pair.key])]);
  for (const file of files) watchFile(file, { interval: watchMs, persistent: false }, changed);
  return () => {
    for (const file of files) unwatchFile(file, changed);
  };
}

function readPair(files: KeyPair): { pair: { cert: Buffer; key: Buffer }; context: SecureContext } {
  const [cert, key] = [read(files.cert), read(files.key)];
  try {
    return { pair: { cert, key }, context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }) };
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
