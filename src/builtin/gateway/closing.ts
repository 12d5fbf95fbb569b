import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A client may ask over a connection in the moment in which that is closed: one that was used lately has so long to ask once more, ms. */
export const lingerMs = 500;
const lookMs = 20;

/** It takes no more connections, and leaves alone those that it has, which `close` of an HTTP server would not. Resolves when they are gone. */
export function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
}

/** It takes no more connections; those that it has go on until they are idle. */
export function retire(server: Server): void {
  void stopListening(server);
  server.keepAliveTimeout = 1;
  setTimeout(() => server.close(), lingerMs).unref();
}

/** Resolves when there are no connections any more, or after a while. */
export async function linger(open: () => number): Promise<void> {
  for (let left = lingerMs; left > 0 && open() > 0; left -= lookMs) await sleep(lookMs);
}
