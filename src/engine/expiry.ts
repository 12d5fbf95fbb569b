import type { Result } from '../model/plan.ts';
import { audit } from './audit.ts';
import { type EngineContext, holdsNow } from './context.ts';
import { release } from './holds.ts';

/** Ends holds that are over, to be called once a second or so: brings their modules, and nothing else, to the generation in force. */
export function createExpiry(context: EngineContext): () => Promise<void> {
  const { clock, store } = context.ports;
  let last = clock.now();
  return async () => {
    const now = clock.now();
    const putBack = last - now;
    last = now;
    if (putBack > 0) await moveEnds(putBack, context);
    const inForce = new Set(holdsNow(context).map((hold) => hold.name));
    const over = [...store.state.holds.keys()].filter((name) => !inForce.has(name));
    if (over.length === 0) return;
    const result = (await release(over, {}, context)) as Result;
    await audit({ trigger: 'holdExpired', params: { names: over } }, { result }, context);
  };
}

/** The clock was put back: what was to last two hours still lasts two hours. One that was put forward, as after a sleep, is believed. */
async function moveEnds(ms: number, { ports }: EngineContext): Promise<void> {
  const ending = [...ports.store.state.holds.values()].filter(({ until }) => until !== null);
  const moved = ending.map((hold) => ({ ...hold, since: hold.since - ms, until: (hold.until ?? 0) - ms }));
  if (moved.length > 0) await ports.store.append(...moved.map((hold) => ({ type: 'hold' as const, hold })));
}
