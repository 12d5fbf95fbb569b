import type { EngineContext } from './context.ts';
import type { Edits } from './ports.ts';
import type { Runs } from './runs.ts';

/** Where the config comes from a repository: brings its files up to date, as far as what runs lets go of the commit it came from. */
export function fetchSource({ ports, generation, stopping }: EngineContext, edits: Edits): Promise<boolean> {
  return ports.sources.sync(generation?.revision ?? null, stopping.signal, edits);
}

export interface Upstream {
  /** Fetches, and has a commit applied that is new. What runs meanwhile comes first; after a rollback nothing is fetched. */
  look(): Promise<void>;
  /** What was fetched by another daemon may not have been applied by it. */
  inherited(): void;
}

export function createUpstream(context: EngineContext, runs: Pick<Runs<never, unknown>, 'idle'>, apply: () => Promise<void>): Upstream {
  let untried = false;
  const isWaiting = (): boolean => context.stopping.signal.aborted || context.ports.store.state.paused !== null;

  return {
    inherited() {
      untried = true;
    },
    async look() {
      await runs.idle();
      if (isWaiting()) return;
      const moved = await fetchSource(context, 'left');
      const left = untried && context.ports.sources.source()?.revision !== (context.generation?.revision ?? null);
      untried = false;
      if ((moved || left) && !isWaiting()) await apply();
    },
  };
}
