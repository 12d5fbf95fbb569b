import type { EngineContext } from './context.ts';

/** How long everything must stay healthy before a wait believes it: a module that dies over and over is R in between. */
const settledMs = 1000;
const lookEveryMs = 50;

export interface Unhealthy {
  name: string;
  reason: string;
}

/** The loaded modules that are not healthy, and why. */
export function unhealthy({ ports }: EngineContext, names?: ReadonlySet<string>): Unhealthy[] {
  return ports.instances
    .views()
    .filter((view) => !view.healthy && (names === undefined || names.has(view.name)))
    .map((view) => ({ name: view.name, reason: view.lastExit?.reason ?? view.status.message ?? `state ${view.state}` }));
}

/**
 * Waits until `failing()` has been empty, with no restart, for a moment. Resolves with what is still failing at the
 * end: empty for success.
 */
export async function waitUntilSettled(
  failing: () => Promise<Unhealthy[]>,
  timeoutMs: number,
  context: EngineContext,
): Promise<Unhealthy[]> {
  const { clock, instances } = context.ports;
  const deadline = clock.now() + timeoutMs;
  const restarts = (): number => instances.views().reduce((sum, view) => sum + view.restarts, 0);
  let goodSince: number | null = null;
  let seen = restarts();
  let last: Unhealthy[] = [];
  for (;;) {
    const now = clock.now();
    const found = await failing();
    const count = restarts();
    if (found.length > 0) last = found;
    if (found.length > 0 || count !== seen) goodSince = null;
    else goodSince ??= now;
    seen = count;
    const settled = Math.min(settledMs, timeoutMs / 2);
    if (goodSince !== null && now - goodSince >= settled) return [];
    if (now >= deadline) return last.length > 0 ? last : [{ name: '', reason: 'restarted again and again' }];
    await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve));
  }
}
