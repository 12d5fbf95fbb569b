import type { Containment } from '../../src/model/documents.ts';
import type { Shape } from './instances.ts';
import type { Fault } from './measure.ts';

/** After which the same processes go on. */
const untouched: ReadonlySet<Fault> = new Set(['keeperKilled', 'replaced', 'kept']);

/** Whether nothing may be wrong with a program of this shape after a fault. */
export function isPromised(containment: Containment, fault: Fault, shape: Shape): boolean {
  if (containment === 'cgroup') return true;
  // Who is left then knows of process groups alone; the rest is ended by the next daemon.
  if (fault === 'bothKilled') return !shape.startsWith('leaves');
  // Nothing connects it with its module any more.
  return shape !== 'leavesWithoutEnv' || untouched.has(fault);
}
