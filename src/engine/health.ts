import type { ModuleView } from '../model/documents.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { EngineContext } from './context.ts';

/** How long everything must stay healthy before a wait believes it: a module that dies over and over is R in between. */
const settledMs = 1000;
const lookEveryMs = 50;
/** At most so much passes between two looks, whatever the clock says: somebody may have set it. */
const longestStepMs = 2000;
/** How long a wait waits that was given no timeout. */
export const defaultTimeoutMs = 60_000;

export interface Unhealthy {
  name: string;
  reason: string;
}

/** The loaded modules that are not healthy, and why. */
export function unhealthy({ ports }: EngineContext, names?: ReadonlySet<string>): Unhealthy[] {
  return ports.instances
    .views()
    .filter((view) => !view.healthy && (names === undefined || names.has(view.name)))
    .map((view) => ({ name: view.name, reason: reasonOf(view) || `state ${view.state}` }));
}

/** What is wrong with it now, before what was when it ended last. */
function reasonOf({ state, lastExit, status }: ModuleView): string {
  return status.message || (state === 'R' ? '' : (lastExit?.reason ?? ''));
}

export interface Wait {
  /** What is missing now; empty if nothing is. */
  failing(): Promise<Unhealthy[]>;
  /** ms; a minute without it. */
  timeout: number | undefined;
  /** Aborted when the caller is gone. */
  signal: AbortSignal;
}

/**
 * Waits until nothing is missing, with no restart, for a moment. Resolves with what was missing last, when the time is
 * over, the caller has left or the daemon stops: empty for success.
 */
export async function waitUntilSettled(
  { failing, timeout = defaultTimeoutMs, signal }: Wait,
  context: EngineContext,
): Promise<Unhealthy[]> {
  const { clock, instances } = context.ports;
  const settled = Math.min(settledMs, timeout / 2);
  const restarts = (): number => instances.views().reduce((sum, view) => sum + view.restarts, 0);
  let waited = 0;
  let good: number | null = null;
  let seen = restarts();
  let last: Unhealthy[] = [];
  for (let before = clock.now(); ; ) {
    const now = clock.now();
    const passed = Math.min(longestStepMs, Math.max(0, now - before));
    before = now;
    waited += passed;
    const found = await failing();
    const count = restarts();
    if (found.length > 0) last = found;
    if (found.length > 0 || count !== seen) good = null;
    else good = good === null ? 0 : good + passed;
    seen = count;
    if (good !== null && good >= settled) return [];
    if (waited >= timeout || signal.aborted || context.stopping.signal.aborted) return last.length > 0 ? last : [unsettled];
    await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve));
  }
}

const unsettled: Unhealthy = { name: 'a module', reason: 'restarted again and again' };

/** Until what this run touched is healthy and stays so; else exit code 10, naming what is not. */
export async function awaitHealth<T extends Plan | Result>(
  outcome: T,
  { timeout, signal }: Pick<Wait, 'timeout' | 'signal'>,
  context: EngineContext,
): Promise<T> {
  if (outcome.exitCode !== 0 || outcome.kind === 'Plan') return outcome;
  const names =
    outcome.changes.length === 0
      ? undefined
      : new Set(outcome.changes.filter((change) => change.action !== 'remove').map((change) => change.name));
  const missing = await waitUntilSettled({ failing: async () => unhealthy(context, names), timeout, signal }, context);
  if (missing.length === 0) return outcome;
  const nowhere = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
  const diagnostics = missing.map(({ name, reason }) => ({
    ...nowhere,
    severity: 'error' as const,
    code: 'unhealthy',
    message: `${name} is not healthy: ${reason}`,
  }));
  return { ...outcome, exitCode: exitCode.unhealthy, diagnostics: [...outcome.diagnostics, ...diagnostics] };
}
