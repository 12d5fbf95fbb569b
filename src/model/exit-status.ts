import type { Ended } from './driver.ts';
import type { Spec } from './fields/table.ts';

/** Which exit codes mean what; code modules have no field for it and go by the default. */
export interface ExitStatus {
  readonly success: readonly number[];
  readonly noRestart: readonly number[];
}

const plain: ExitStatus = { success: [0], noRestart: [] };

export function exitStatusOf(spec: Spec): ExitStatus {
  return 'exitStatus' in spec ? spec.exitStatus : plain;
}

/** Of a process: nobody saw how it ended. */
export function isUnseen({ code, signal }: Pick<Ended, 'code' | 'signal'>): boolean {
  return code === null && signal === null;
}

/**
 * Whether an instance that nobody asked to stop ended as it should. A signal (real-time ones included, which
 * some platforms report beside code 0) and an uncaught error never do. Without a code (a thread) it returned.
 */
export function isSuccess(ended: Pick<Ended, 'code' | 'signal' | 'error'>, status: ExitStatus): boolean {
  if (ended.signal !== null || ended.error !== null) return false;
  return ended.code === null || status.success.includes(ended.code);
}
