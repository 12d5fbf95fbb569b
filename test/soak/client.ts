import type { Random } from '../../src/model/ports.ts';
import type { Talk } from '../support/talk.ts';
import { everyone, mortal, safe } from './world.ts';

/** A client that asks all modules all the time, and of some how far they have counted. */
export interface SteadyClient {
  readonly answered: number;
  /** Asks nothing any more; resolves when all is answered. */
  end(): Promise<void>;
}

interface Answer {
  readonly of: string;
  readonly n: number;
  readonly by: string;
}

const everyMs = 20;

export function steadyClient(daemon: Talk, random: Random, found: (what: object) => void): SteadyClient {
  const open = new Set<Promise<void>>();
  const counts = new Map<string, number>();
  const of = `client-${random.id()}`;
  let lastAsked = 0;
  let answered = 0;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;

  async function work(): Promise<void> {
    const name = pick(everyone);
    lastAsked += 1;
    const n = lastAsked;
    try {
      const answer = await daemon.ask<Answer>(`${name}.work`, { of, n, slow: n % 20 === 0 }, { signal: AbortSignal.timeout(20_000) });
      answered += 1;
      if (answer.of !== of || answer.n !== n || answer.by !== name) found({ what: 'wrong answer', name, n, answer });
    } catch (error) {
      refused(name, error as Error & { code?: string });
    }
  }

  /** One at a time, so that the order of answers is that of counting. */
  async function count(): Promise<void> {
    while (!over) {
      const name = pick(safe);
      try {
        const now = await daemon.ask<number>(`${name}.count`, null, { signal: AbortSignal.timeout(20_000) });
        const before = counts.get(name) ?? 0;
        if (now < before) found({ what: 'counted backwards', name, before, now });
        counts.set(name, now);
        answered += 1;
      } catch (error) {
        refused(name, error as Error & { code?: string });
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  function refused(name: string, { code, message }: Error & { code?: string }): void {
    if (!(mortal.includes(name) && code === 'EHOSTUNREACH')) found({ what: 'a client was refused', name, code, message });
  }

  let over = false;
  const counting = count();
  const timer = setInterval(() => {
    const one = work().finally(() => open.delete(one));
    open.add(one);
  }, everyMs);
  return {
    get answered() {
      return answered;
    },
    async end() {
      over = true;
      clearInterval(timer);
      await Promise.all([counting, ...open]);
    },
  };
}
