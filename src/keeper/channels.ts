import { executionAsyncResource } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';

/** The channels of child processes, over which anything may come: what runs there can write to every file it has open. */
export interface Channels {
  /** Until it is closed; `onGarbled` is called when what came is no message, and nothing can be told from what comes after. */
  watch(child: ChildProcess, onGarbled: (error: Error) => void): void;
}

/** Node throws such an error where nobody can catch it; whose channel it was is told by what was being read. */
export function createChannels(): Channels {
  const watched = new Map<ChildProcess, (error: Error) => void>();

  function uncaught(error: unknown): void {
    const { fd } = executionAsyncResource() as { readonly fd?: unknown };
    const [, onGarbled] = [...watched].find(([{ channel }]) => fdOf(channel) === fd) ?? [];
    if (onGarbled !== undefined && isGarbage(error)) onGarbled(error);
    else if (process.listenerCount('uncaughtException') === 1) throw error; // as if nobody listened
  }

  return {
    watch(child, onGarbled) {
      if (watched.size === 0) process.on('uncaughtException', uncaught);
      watched.set(child, onGarbled);
      child.once('close', () => {
        watched.delete(child);
        if (watched.size === 0) process.off('uncaughtException', uncaught);
      });
    },
  };
}

function isGarbage(error: unknown): error is Error {
  return error instanceof Error && error.stack?.includes('node:internal/child_process') === true;
}

function fdOf(channel: ChildProcess['channel']): unknown {
  return (channel as { readonly fd?: unknown } | null | undefined)?.fd ?? null;
}
