import { toThrown } from './thrown.ts';

/** Distinct ones that are told of within `pauseMs`. */
const mostTold = 8;
const pauseMs = 1000;

/**
 * Writes down what handlers of a module throw and did not mean to: whoever asked gets the message, and only the module's
 * author can do with the stack. The same is told once in a while.
 */
export function createFaultLog(write: (text: string) => void, now: () => number): (topic: string, thrown: unknown) => void {
  const told = new Set<string>();
  let begun = 0;
  return (topic, thrown) => {
    if (!isFault(thrown)) return;
    const at = now();
    if (at - begun >= pauseMs) told.clear();
    if (told.size === 0) begun = at;
    const { message, stack } = toThrown(thrown);
    const key = `${topic} ${message}`;
    if (told.has(key) || told.size >= mostTold) return;
    told.add(key);
    write(`error: ${topic} threw: ${stack}\n`);
  };
}

/** An error with a code is an answer like another, unless Node or the system gave it that. */
function isFault(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  try {
    const { code, syscall } = thrown as { code?: unknown; syscall?: unknown };
    return typeof code !== 'string' || code.startsWith('ERR_') || syscall !== undefined;
  } catch {
    return true;
  }
}
