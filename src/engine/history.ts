import type { GenerationDoc, HistoryDoc } from '../model/generation.ts';
import { formatVersion } from '../model/plan.ts';
import type { EngineContext } from './context.ts';
import { generationOf } from './rollback.ts';

/** The generations that are kept, newest first. */
export async function history({ ports, generation }: EngineContext): Promise<HistoryDoc> {
  const { store } = ports;
  const generations = (await store.heads()).reverse();
  // Where the file of the last one is damaged, another is in force.
  return { formatVersion, generation: generation?.number ?? 0, paused: store.state.paused, generations };
}

/** One of them, with all that is kept of it but the specs of its modules. Throws ENOENT where there is none. */
export async function historyOf(number: number, context: EngineContext): Promise<GenerationDoc> {
  const { store } = context.ports;
  const { modules, policy, alternatives = {}, result = null, ...head } = await generationOf(number, context);
  const healthyAt = (await store.heads()).find((each) => each.number === number)?.healthyAt ?? null;
  const shown = modules.map(({ name, kind, path, codeDigest, version }) => ({
    ...{ name, kind, path, codeDigest },
    ...(version === undefined ? {} : { version }),
  }));
  shown.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    formatVersion,
    ...head,
    healthyAt,
    inForce: number === context.generation?.number,
    policy,
    alternatives,
    modules: shown,
    result,
  };
}
