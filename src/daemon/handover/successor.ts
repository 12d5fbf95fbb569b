import { MusterError, toWire } from '../../model/error.ts';
import { handoverSocketOf } from '../../model/places.ts';
import type { Log } from '../../model/ports.ts';
import { version } from '../../model/version.ts';
import { createFrames } from '../../runners/frames.ts';
import { dial } from '../../socket/client.ts';
import { type Heritage, heritageVersion } from './heritage.ts';
import type { FromNew, FromOld } from './messages.ts';

/** The daemon that is to take over from this one, as long as it is there. */
export interface Successor {
  refuse(error: unknown): void;
  /** Resolves with true once it has taken over, with false if it is gone without: then all is still this daemon's. */
  give(heritage: Heritage): Promise<boolean>;
}

/**
 * Goes to meet the one who asks for it. It listens in the state dir, which nobody but the user of this daemon can: that is how it
 * proves who it is. Rejects where nobody is there, or one that cannot understand this one.
 */
export async function meetSuccessor(stateDir: string, log: Log): Promise<Successor> {
  const socket = await dial(handoverSocketOf(stateDir)).catch((error: unknown) => {
    throw new MusterError('EPERM', 'only muster up --replace may ask for that', { cause: error });
  });
  let gone = false;
  let heard: (message: FromNew | null) => void = () => {};
  const frames = createFrames(socket, {
    receive: (message) => heard(message as FromNew),
    closed() {
      gone = true;
      heard(null);
    },
  });
  const send = (message: FromOld): void => void frames.send(message);
  const next = (): Promise<FromNew | null> => (gone ? Promise.resolve(null) : new Promise((resolve) => (heard = resolve)));
  const greeted = next();
  send({ type: 'hello', version: heritageVersion, muster: version, pid: process.pid });
  if ((await greeted)?.type !== 'go') throw new MusterError('ENOTSUP', 'the daemon that was to take over does not go on');
  log.info({}, 'another daemon is about to take over');
  return {
    refuse(error) {
      send({ type: 'refused', error: toWire(error) });
      frames.end();
    },
    async give(heritage) {
      const answer = next();
      send({ type: 'heritage', heritage });
      if ((await answer)?.type !== 'done') return false;
      send({ type: 'bye' });
      frames.end();
      return true;
    },
  };
}
