import type { Health } from '../model/fields/probes.ts';
import type { Spec } from '../model/fields/table.ts';
import type { Instances } from '../model/instances.ts';
import type { Change } from '../model/plan.ts';
import type { Clock } from '../model/ports.ts';
import { formatDuration } from '../model/units.ts';
import type { StepOutcome } from './step.ts';

export interface RollingPorts {
  readonly instances: Pick<Instances, 'wellness' | 'get' | 'view'>;
  readonly clock: Clock;
}

/** Where not all may be reloaded at once the next ones wait until these are what they were: running, and well. */
export function isRolling(changes: readonly Change[], maxUnavailable: number): boolean {
  return changes.filter(({ action }) => action === 'reload').length > maxUnavailable;
}

/** What became of a reload that went well, once its health test has something to say of it. */
export async function provenOutcome(
  { name, action }: Change,
  outcome: StepOutcome,
  { instances, clock }: RollingPorts,
  signal: AbortSignal,
): Promise<StepOutcome> {
  const health = healthOf(instances.get(name)?.spec);
  if (outcome.status !== 'ok' || action !== 'reload' || health === undefined) return outcome;
  const longest = patience(health);
  for (let waited = 0; !signal.aborted; waited += lookEveryMs) {
    const wellness = instances.wellness(name);
    if (wellness === 'well') return outcome;
    if (wellness !== 'untested') return failed(instances.view(name)?.status.message || `it is in state ${instances.get(name)?.state}`);
    if (waited >= longest) return failed(`its health test says nothing within ${formatDuration(longest)}`);
    await new Promise<void>((resolve) => clock.after(lookEveryMs, resolve));
  }
  return outcome;
}

const lookEveryMs = 25;

function healthOf(spec: Spec | undefined): Health | undefined {
  return spec !== undefined && 'health' in spec ? spec.health : undefined;
}

/** By then the test has been made so often that it has passed, or has failed for good. */
function patience({ interval, timeout, failures, watchdog }: Health): number {
  return Math.ceil((failures + 1) * (1.2 * interval + timeout)) + (watchdog ?? 0);
}

function failed(why: string): StepOutcome {
  return { status: 'failed', error: { code: 'EFAILED', message: `it runs, and is not well: ${why}` } };
}
