import { MusterError, messageOf } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';
import { formatDuration } from '../model/units.ts';
import { answerOf } from './answer.ts';
import type { Instance } from './instance.ts';

/**
 * What the running instance wants its next one to have; null where it says nothing, or has ended by itself meanwhile. Rejects
 * where it throws or takes longer than it may take to stop; it serves on once it is told to resume.
 */
export async function stateOf(instance: Instance, clock: Clock): Promise<Uint8Array | null> {
  const { run, name, spec } = instance;
  if (run === null) return null;
  const hint = `muster reload -f ${name} goes on without it`;
  const late = `${name} did not save its state within ${formatDuration(spec.stopTimeout)} (stopTimeout)`;
  try {
    const answer = await answerOf(run, run.launched.save(), spec.stopTimeout, clock);
    if (answer.is === 'late') throw new MusterError('ETIMEDOUT', late, { hint });
    return answer.is === 'given' ? answer.value : null;
  } catch (error) {
    // A driver gives up what it was asked when the instance ends, a moment before all of it is gone.
    if (error instanceof MusterError && error.code === 'ECANCELED') await answerOf(run, run.over, spec.stopTimeout, clock);
    if (instance.run !== run) return null;
    if (error instanceof MusterError && error.code !== 'EFAILED') throw error;
    throw new MusterError('EFAILED', `${name} did not save its state: ${messageOf(error)}`, { hint, cause: error });
  }
}
