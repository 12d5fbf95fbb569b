import { MusterError } from '../../model/error.ts';
import type { SocketServer } from '../../socket/server.ts';
import type { Parts } from '../parts.ts';
import type { Heritage } from './heritage.ts';
import { passOn } from './pass-on.ts';
import { meetSuccessor, type Successor } from './successor.ts';

/** One daemon at a time takes over from this one. */
export interface Passing {
  /** Resolves when the other daemon was met; the rest follows. */
  begin(server: SocketServer): Promise<void>;
  /** At once or, while another daemon is about to take over, if it does not. */
  unless(work: () => void): void;
}

export function createPassing(
  stateDir: string,
  parts: Parts,
  passed: (to: { successor: Successor; heritage: Heritage }) => void,
  failed: (error: unknown) => void,
): Passing {
  let isPassing = false;
  let postponed: (() => void)[] = [];

  async function pass(successor: Successor, server: SocketServer): Promise<void> {
    try {
      const heritage = await passOn(parts, server);
      await server.close();
      passed({ successor, heritage });
    } catch (error) {
      successor.refuse(error);
      parts.log.warn({ error: String(error) }, 'another daemon could not take over');
      if (!(error instanceof MusterError)) failed(error);
      isPassing = false;
      const late = postponed;
      postponed = [];
      for (const work of late) work();
    }
  }

  return {
    async begin(server) {
      if (isPassing) throw new MusterError('EBUSY', 'another daemon is about to take over already');
      isPassing = true;
      try {
        void pass(await meetSuccessor(stateDir, parts.log), server);
      } catch (error) {
        isPassing = false;
        throw error;
      }
    },
    unless(work) {
      if (isPassing) postponed.push(work);
      else work();
    },
  };
}
