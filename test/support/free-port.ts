import { createServer } from 'node:net';

/** What the system hands out to who asks for any port, or connects, begins above that. */
const [lowest, highest] = [10_000, 30_000];
const given = new Set<number>();

/** A port of 127.0.0.1 on which nobody listens, and which nobody gets by chance: it may be listened on later, or never. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    const listening = await new Promise((resolve) =>
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
    );
    if (!listening) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
