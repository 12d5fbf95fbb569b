import type { Generation } from '../store/records.ts';
import { type EngineContext, holdsNow } from './context.ts';

/** Nothing may have happened for so long: a module that dies over and over is running in between. */
const settledMs = 1000;

/**
 * Remembers for good that a generation was healthy: all that it declares ran, as it has it, healthy at one time; what is held
 * does not count. To be called often; it looks once after each time that something has happened, until the mark is made.
 */
export function createHealthMark(context: EngineContext): () => Promise<void> {
  const { clock, instances, store, log } = context.ports;
  let changedAt = clock.now();
  let looked: Generation | null = null;
  let marked = 0;
  instances.on(({ type }) => {
    if (type === 'status') return;
    changedAt = clock.now();
    looked = null;
  });

  return async () => {
    const { generation } = context;
    if (generation === null || generation.number === marked || generation === looked) return;
    if (clock.now() - changedAt < settledMs) return;
    looked = generation;
    if (!isHealthy(generation, context)) return;
    try {
      await store.markHealthy(generation.number, new Date(clock.now()).toISOString());
      marked = generation.number;
    } catch (error) {
      looked = null;
      log.debug({ err: error, generation: generation.number }, 'that a generation was healthy could not be recorded yet');
    }
  };
}

function isHealthy({ modules }: Generation, context: EngineContext): boolean {
  const { instances } = context.ports;
  const held = new Set(holdsNow(context).map(({ name }) => name));
  if (held.has('*')) return false;
  return modules.every(({ name, specDigest, codeDigest }) => {
    if (held.has(name)) return true;
    const loaded = instances.get(name);
    return loaded?.specDigest === specDigest && loaded.codeDigest === codeDigest && instances.view(name)?.healthy === true;
  });
}
