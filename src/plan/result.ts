import { exitCode } from '../model/exit-code.ts';
import type { ChangeResult } from '../model/plan.ts';

/**
 * The exit code of what became of a plan (CONTRACT §5): 0 if all was done; 6 if something failed and some change
 * remains; 4 if something failed and the modules are as they were.
 */
export function resultExitCode(changes: readonly ChangeResult[]): number {
  if (changes.every((change) => change.status === 'ok')) return exitCode.ok;
  return changes.some(remains) ? exitCode.failedPartly : exitCode.failedUnchanged;
}

/**
 * Whether a module is not as it was. A failed load leaves nothing running, as before it; a failed removal leaves the
 * module owned. A reload that fails without being reverted has taken down what worked.
 */
function remains({ action, status }: ChangeResult): boolean {
  return status === 'ok' || (status === 'failed' && action === 'reload');
}
