import type { SourceDoc } from '../model/source.ts';
import { type EngineContext, isPaused } from './context.ts';
import type { Edits } from './ports.ts';
import type { Runs } from './runs.ts';

/**
 * Where the config comes from a repository: brings its files up to date, as far as what runs lets go of the commit it came from. Once
 * `signal` aborts they stay as they are.
 */
export async function fetchSource({ ports, generation, events }: EngineContext, edits: Edits, signal: AbortSignal): Promise<boolean> {
  const before = ports.sources.source();
  const moved = await ports.sources.sync(generation?.revision ?? null, signal, edits);
  const message = newsOf(before, ports.sources.source());
  if (message !== null) events.emit({ type: 'source', message, fields: { ...ports.sources.source() } });
  return moved;
}

/** What is to be told of it; null: nothing that was not told before. */
function newsOf(before: SourceDoc | null, now: SourceDoc | null): string | null {
  if (now === null) return null;
  const { revision, subject, problem } = now;
  if (problem !== null) {
    const isKnown = before?.problem?.code === problem.code && before.problem.revision === problem.revision;
    return isKnown ? null : `${problem.code}: ${problem.message}`;
  }
  if (revision !== null && revision !== before?.revision) return `the files of ${revision.slice(0, 12)} are used: ${subject ?? ''}`;
  return before?.problem == null ? null : 'the repository is as it should be again';
}

export interface Upstream {
  /**
   * Fetches, and has a commit applied that is new. What runs meanwhile comes first. Once it is gone back nothing is fetched, and what is
   * being fetched is not used.
   */
  look(): Promise<void>;
  /** What was fetched by another daemon may not have been applied by it. */
  inherited(): void;
}

export function createUpstream(context: EngineContext, runs: Pick<Runs<never, unknown>, 'idle'>, apply: () => Promise<void>): Upstream {
  let untried = false;
  const isWaiting = (): boolean => context.stopping.signal.aborted || isPaused(context);
  const fetched = async (): Promise<boolean> => {
    const look = new AbortController();
    context.look = look;
    try {
      return await fetchSource(context, 'left', AbortSignal.any([context.stopping.signal, look.signal]));
    } finally {
      context.look = null;
    }
  };

  return {
    inherited() {
      untried = true;
    },
    async look() {
      await runs.idle();
      if (isWaiting()) return;
      const moved = await fetched();
      const left = untried && context.ports.sources.source()?.revision !== (context.generation?.revision ?? null);
      untried = false;
      if ((moved || left) && !isWaiting()) await apply();
    },
  };
}
