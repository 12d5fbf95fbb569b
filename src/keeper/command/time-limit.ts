import { createContext, Script } from 'node:vm';

interface Room {
  work: (() => unknown) | null;
}

/** Work that is ended by force when it has used up its time: regular expressions can go on for centuries. */
export type TimeLimit = <T>(work: () => T) => { readonly done: T } | null;

/** Of the time that work may take, which has to be spent on it and not on others. */
const ownShare = 0.8;
const attempts = 5;

/**
 * Null: it did not come to its end in `ms`. Only the engine's own watchdog can interrupt a regular expression; it looks at the clock on
 * the wall, so where the machine gave the time to others there is another try, of twice the length.
 */
export function createTimeLimit(ms: number): TimeLimit {
  const room: Room = { work: null };
  const context = createContext(room);
  const script = new Script('work()');
  return (work) => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const before = process.cpuUsage();
      try {
        room.work = work;
        return { done: script.runInContext(context, { timeout: ms * 2 ** attempt }) as ReturnType<typeof work> };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
        const { user, system } = process.cpuUsage(before);
        if ((user + system) / 1000 >= ms * ownShare) return null;
      } finally {
        room.work = null;
      }
    }
    return null;
  };
}
