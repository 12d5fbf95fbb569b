import type { FromRealm, Start, Thrown, ToRealm } from '../protocol.ts';
import { createContext } from './context.ts';
import { loadMain } from './load.ts';
import { toThrown } from './thrown.ts';

/** One module in a realm, from its load to its end. */
export interface Life {
  /** Resolves with the end, and never rejects. */
  readonly settled: Promise<{ reason: string; thrown: Thrown | null }>;
  receive(message: ToRealm): void;
}

export interface LifeOptions {
  readonly start: Start;
  post(message: FromRealm): void;
  write(stream: 'stdout' | 'stderr', text: string): void;
}

export function startLife({ start, post, write }: LifeOptions): Life {
  const control = createContext({ start, post, write });
  let told = false;

  async function live(): Promise<{ reason: string; thrown: Thrown | null }> {
    try {
      const main = await loadMain(start);
      await main(control.context, [...start.args]);
    } catch (error) {
      const thrown = toThrown(error);
      await control.shutDown();
      return { reason: `threw: ${thrown.message}`, thrown };
    }
    if (control.isReady() && !told) post({ type: 'finalizing' });
    await control.shutDown();
    return { reason: told ? 'stopped' : 'main returned', thrown: null };
  }

  async function reconfigure(call: number, config: Start['config']): Promise<void> {
    try {
      await control.reconfigure(config);
      post({ type: 'reconfigured', call, thrown: null });
    } catch (error) {
      post({ type: 'reconfigured', call, thrown: toThrown(error) });
    }
  }

  return {
    settled: live(),
    receive(message) {
      switch (message.type) {
        case 'stop':
          told = true;
          void control.shutDown();
          break;
        case 'rename':
          control.rename(message.name);
          break;
        case 'reconfigure':
          void reconfigure(message.call, message.config);
          break;
      }
    },
  };
}
