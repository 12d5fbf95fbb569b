import { MusterError, messageOf, toWire } from '../model/error.ts';
import type { ReplaceOutcome, Target } from '../model/instances.ts';
import type { Instance } from './instance.ts';

/**
 * Stops the old instance and starts the new one. What ran and cannot be replaced is started again as it was. Where
 * nothing ran (E, B, not started) there is nothing to bring back: it is listed as the new one, failed.
 */
export async function replaceInstance(instance: Instance, target: Target, turn: number): Promise<ReplaceOutcome> {
  const old = instance.state === 'R' ? instance.runsAs : null;
  await instance.stop('stopped to be replaced');
  if (instance.turn !== turn || instance.forgotten) return superseded(instance);
  try {
    await instance.start(target);
    return { status: 'ok' };
  } catch (error) {
    if (instance.turn !== turn || instance.forgotten) return superseded(instance);
    return old === null ? { status: 'failed', error: toWire(error) } : revert(instance, old, error, turn);
  }
}

async function revert(instance: Instance, old: Target, error: unknown, turn: number): Promise<ReplaceOutcome> {
  try {
    await instance.start(old);
    return { status: 'reverted', error: toWire(error) };
  } catch (second) {
    if (instance.turn !== turn || instance.forgotten) return superseded(instance);
    const wire = toWire(error);
    return { status: 'failed', error: { ...wire, message: `${wire.message}; nor did the old one start again: ${messageOf(second)}` } };
  }
}

function superseded({ name }: Instance): ReplaceOutcome {
  return { status: 'failed', error: toWire(new MusterError('ECANCELED', `the start of ${name} was cancelled`)) };
}
