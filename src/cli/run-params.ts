import type { RunOptions } from './options.ts';

/** The options of a command that changes something, as its method takes them: only those that were given. */
export function runParams({ dryRun, override, lockTimeout, reason, wait, timeout, autoRollback }: RunOptions): RunOptions {
  return {
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(override === undefined ? {} : { override }),
    ...(lockTimeout === undefined ? {} : { lockTimeout }),
    ...(reason === undefined ? {} : { reason }),
    ...(wait === undefined ? {} : { wait }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(autoRollback === undefined ? {} : { autoRollback }),
  };
}
