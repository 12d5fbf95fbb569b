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
      boundMessages(child, onGarbled);
      child.once('close', () => {
        watched.delete(child);
        if (watched.size === 0) process.off('uncaughtException', uncaught);
      });
    },
  };
}

/** All that a runner says in one turn goes as one: some of the longest payloads at a time. */
const longestMessage = 512 * 1024 * 1024;

/**
 * Node waits for as much as a channel announces, up to 4 GiB, and keeps what comes until then, without a word. Only its own
 * fields tell what was announced; a Node that has other ones waits as it likes.
 */
function boundMessages(child: ChildProcess, onGarbled: (error: Error) => void): void {
  const handle = ownField(child, 'kChannelHandle') as { onread?: unknown } | undefined;
  const { onread } = handle ?? {};
  if (handle === undefined || typeof onread !== 'function') return;
  handle.onread = (...read: unknown[]): void => {
    Reflect.apply(onread, handle, read);
    const announced = announcedIn(ownField(handle, 'kMessageBuffer'));
    if (announced > longestMessage) onGarbled(new Error(`it announced one of ${announced} bytes`));
  };
}

/** By the message that has not come whole yet. */
function announcedIn(waiting: unknown): number {
  const first: unknown = Array.isArray(waiting) ? waiting[0] : undefined;
  return Buffer.isBuffer(first) && first.length >= 4 ? first.readUInt32BE(0) : 0;
}

function ownField(of: object, name: string): unknown {
  const key = Object.getOwnPropertySymbols(of).find(({ description }) => description === name);
  return key === undefined ? undefined : Reflect.get(of, key);
}

function isGarbage(error: unknown): error is Error {
  return error instanceof Error && error.stack?.includes('node:internal/child_process') === true;
}

function fdOf(channel: ChildProcess['channel']): unknown {
  return (channel as { readonly fd?: unknown } | null | undefined)?.fd ?? null;
}
