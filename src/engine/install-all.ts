import { MusterError } from '../model/error.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { EngineContext } from './context.ts';
import { readWanted } from './reconcile.ts';

/**
 * `install` without a SPEC: installs what the config declares, by a run over the whole config, and writes all of it into
 * `muster.lock`; `frozen`: refuses where anything is not in that.
 */
export async function installAll(
  { frozen, dryRun }: { frozen: boolean; dryRun: boolean },
  context: EngineContext,
  reconcile: () => Promise<Plan | Result>,
): Promise<Plan | Result> {
  if (dryRun) throw new MusterError('EINVAL', 'install without a SPEC has no dry run', { hint: 'muster reconcile --dry-run' });
  const { sources } = context.ports;
  await readWanted(undefined, context);
  if (!frozen) {
    const result = await reconcile();
    if (result.exitCode === 0) await sources.lockPackages();
    return result;
  }
  const missing = await sources.unlockedPackages();
  if (missing.length === 0) return reconcile();
  throw new MusterError('EREFUSED', `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not in muster.lock`, {
    hint: 'muster install writes it',
  });
}
