import type { Spec } from '../model/fields/table.ts';
import type { Wellness } from '../model/instances.ts';
import { CrashLoop } from './crash-loop.ts';
import type { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';

/** What becomes of a running module of which its health test says why it is not well; null: it is again. */
export function onHealth(instance: Instance, failure: string | null, { emit }: Pick<InstancePorts, 'emit'>): void {
  const { name, spec, status, standing, run } = instance;
  const reason = failure === null ? 'well again' : `unhealthy: ${failure}`;
  const isNews = status.complain('health', failure === null ? null : reason);
  if (isNews) emit({ type: 'health', name, healthy: failure === null, reason });
  if (failure === null || run === null || !isRestarted(spec)) return;
  standing.enter('F', reason);
  run.condemn(reason, spec.stopTimeout);
}

/** What is known of how a module is. What has finished is as well as can be. */
export function wellnessOf({ standing, status, run }: Instance): Wellness {
  if (standing.finished !== null) return 'well';
  if (standing.state !== 'R') return 'down';
  if (status.complains) return 'unwell';
  return run?.launched.isProven?.() === false ? 'untested' : 'well';
}

/** The restarts of a module, where there are so many that something is wrong with it. */
export function watchCrashLoop(instance: Instance, { clock, emit }: Pick<InstancePorts, 'clock' | 'emit'>): CrashLoop {
  const tell = (healthy: boolean, reason: string): void => emit({ type: 'health', name: instance.name, healthy, reason });
  return new CrashLoop({
    clock,
    spec: () => instance.spec,
    looping(reason) {
      if (instance.status.complain('crashLoop', reason)) tell(false, reason);
    },
    over(held) {
      instance.status.complain('crashLoop', null);
      if (held) tell(true, 'holds again');
    },
  });
}

function isRestarted(spec: Spec): boolean {
  return 'health' in spec && spec.health?.onFailure === 'restart';
}
