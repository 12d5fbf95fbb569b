import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { fromWire, MusterError } from '../../model/error.ts';
import { handoverSocketOf, socketOf } from '../../model/places.ts';
import { version } from '../../model/version.ts';
import { createFrames, type Frames } from '../../runners/frames.ts';
import { addressOf } from '../../socket/address.ts';
import { type Client, connect } from '../../socket/client.ts';
import { type Heritage, heritageVersion } from './heritage.ts';
import type { FromNew, FromOld } from './messages.ts';

/** What a daemon goes on with. */
export interface Succession {
  readonly heritage: Heritage;
  /** Of the daemon before it; null: it is the same one, which has nobody to hand over to after all. */
  readonly before: number | null;
  /** To be called when everything is here, and nothing has been done with it yet: resolves when the one before it is out of it. */
  confirm(): Promise<void>;
  /** Clients are answered again; those that wait for it need not any longer. */
  over(): Promise<void>;
}

/**
 * Asks the daemon that runs for all it has; null: none runs. Rejects where it does not give it, and then it goes on, as it does if this
 * process ends before `confirm`.
 */
export async function takeOver(stateDir: string): Promise<Succession | null> {
  const client = await connect({ path: socketOf(stateDir) }).catch((error: { code?: unknown }) => {
    if (error.code === 'ECONNREFUSED') return null;
    throw error;
  });
  if (client === null) return null;
  const old = await meet(stateDir, client);
  return old;
}

async function meet(stateDir: string, client: Client): Promise<Succession> {
  const path = handoverSocketOf(stateDir);
  await rm(path, { force: true });
  const address = addressOf(path);
  const server = createServer();
  // Bound in this very turn, so the umask is nobody else's.
  const umask = process.umask(0o177);
  const listening = new Promise<void>((resolve, reject) => server.once('error', reject).listen(address.name, resolve));
  process.umask(umask);
  await listening;
  const close = async (): Promise<void> => {
    server.close();
    address.release();
    await rm(path, { force: true });
  };
  try {
    const come = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const asked = client.request('muster.handover', {});
    const socket = await Promise.race([come, asked.then(() => come)]);
    asked.catch(() => {}); // what it says of itself it says over there
    return await talk(socket, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function talk(socket: Socket, close: () => Promise<void>): Promise<Succession> {
  const messages: FromOld[] = [];
  let gone = false;
  let wake: () => void = () => {};
  const frames: Frames = createFrames(socket, {
    receive(message) {
      messages.push(message as FromOld);
      wake();
    },
    closed() {
      gone = true;
      wake();
    },
  });
  const send = (message: FromNew): void => void frames.send(message);
  const next = async (): Promise<FromOld | null> => {
    while (messages.length === 0 && !gone) await new Promise<void>((resolve) => (wake = resolve));
    return messages.shift() ?? null;
  };

  const hello = await next();
  if (hello?.type !== 'hello') throw lost();
  if (hello.version !== heritageVersion) throw foreign(hello.muster);
  send({ type: 'go' });
  const answer = await next();
  if (answer?.type === 'refused') throw fromWire(answer.error);
  if (answer?.type !== 'heritage') throw lost();
  return {
    heritage: answer.heritage,
    before: hello.pid,
    async confirm() {
      send({ type: 'done' });
      // Gone without a word it has nothing any more, too.
      await next();
      frames.destroy();
    },
    over: close,
  };
}

function lost(): MusterError {
  return new MusterError('EHOSTUNREACH', 'the daemon ended before it had handed over what it runs', { hint: 'muster up starts a new one' });
}

function foreign(its: string): MusterError {
  return new MusterError(
    'ENOTSUP',
    `the daemon that runs is muster ${its}, which hands over what it runs in another form than muster ${version} takes`,
    {
      hint: 'muster down --keep, then muster up: commands run on, code modules start again',
    },
  );
}
