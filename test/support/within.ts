import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a process of Node that does nothing takes from start to end on a machine with nothing else to do. */
const quietMs = 60;

/**
 * Throws if something takes longer than that. The bound is muster's: where it is missed it is stretched by as much as the
 * machine, be it slow or busy, needs longer for the start of a process now.
 */
export async function within<T>(boundMs: number, run: () => Promise<T>, what = ''): Promise<T> {
  const began = performance.now();
  const result = await run();
  const took = performance.now() - began;
  if (took <= boundMs) return result;
  const factor = await slowness();
  if (took <= boundMs * factor) return result;
  throw new Error(
    `${what} took ${Math.round(took)} ms, more than ${boundMs} on a machine that is ${factor.toFixed(1)} times slower`.trim(),
  );
}

async function slowness(): Promise<number> {
  let longest = quietMs;
  for (let round = 0; round < 3; round += 1) {
    const began = performance.now();
    await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
    longest = Math.max(longest, performance.now() - began);
  }
  return longest / quietMs;
}
