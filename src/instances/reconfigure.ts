import { canonicalJson } from '../model/canonical.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { Spec } from '../model/fields/table.ts';
import type { Target } from '../model/instances.ts';
import { configOf } from '../model/package-config.ts';
import type { Clock } from '../model/ports.ts';
import { formatDuration } from '../model/units.ts';
import { answerOf } from './answer.ts';
import type { Instance } from './instance.ts';
import type { Run } from './run.ts';

/**
 * Gives limits and log settings to the driver, delivers a new `config` to the running instance, tells it to read its files again
 * if they have changed, and then makes the target its own: restart policy and timeouts count from now on. If driver or module
 * refuse, nothing has changed. Where nothing runs, the next start goes by the new target.
 */
export async function reconfigureInstance(instance: Instance, target: Target, reread: boolean, clock: Clock): Promise<void> {
  const { standing, runs } = instance;
  // Only while something runs: one that was removed meanwhile stays F for ever.
  while (instance.run !== null && standing.state !== 'R') await (standing.state === 'I' ? standing.settled() : runs.gone());
  if (instance.forgotten) throw new MusterError('ENOENT', `module ${instance.name} was removed`);
  const { run } = instance;
  if (run !== null) await updateRun(instance, run, target, reread, clock);
  instance.become(target);
  instance.runsAs = target;
  // It has ended meanwhile, and come back as it was.
  if (instance.run !== run) await instance.run?.launched.update(target.desired.spec);
}

async function updateRun(instance: Instance, run: Run, target: Target, reread: boolean, clock: Clock): Promise<void> {
  const { spec } = instance;
  const next = target.desired.spec;
  await run.launched.update(next);
  try {
    if (canonicalJson(configOf(spec)) !== canonicalJson(configOf(next))) await deliver(instance, run, target, clock);
    if (reread) sendReload(run, next);
  } catch (error) {
    await Promise.resolve(run.launched.update(spec)).catch(() => {}); // what it refuses now it had until now
    throw error;
  }
}

/** A module that neither takes nor refuses it is not waited for longer than a start may take. */
async function deliver(instance: Instance, run: Run, target: Target, clock: Clock): Promise<void> {
  const { name } = instance;
  const { startTimeout } = target.desired.spec;
  try {
    const { is } = await answerOf(run, run.launched.reconfigure(target.material.config), startTimeout, clock);
    const late = `${name} did not take its new config within ${formatDuration(startTimeout)} (startTimeout)`;
    if (is === 'late') {
      // It may have the new one in hand: what it is to go by is the old one again.
      const former = instance.runsAs?.material.config;
      if (former !== undefined) run.launched.reconfigure(former).catch(() => {});
      throw new MusterError('ETIMEDOUT', late);
    }
  } catch (error) {
    if (error instanceof MusterError) throw error;
    throw new MusterError('EFAILED', `${name} refused its new config: ${messageOf(error)}`, { cause: error });
  }
  if (instance.run !== run) throw new MusterError('EFAILED', `${name} ended while it was given its new config`);
}

/** One that ends just now reads them when it comes back. */
function sendReload({ launched }: Run, spec: Spec): void {
  if (!('reloadSignal' in spec) || spec.reloadSignal === undefined) return;
  try {
    launched.signal(spec.reloadSignal);
  } catch (error) {
    if (!(error instanceof MusterError) || error.code !== 'ENOENT') throw error;
  }
}
