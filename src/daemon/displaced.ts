import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Clock, Timer } from '../model/ports.ts';
import type { Lock } from '../store/lock.ts';

const lookMs = 1000;

/**
 * Who removes the state dir of a daemon and starts another one there would have everything twice, and nobody could talk to the first.
 * So that one notices, once.
 */
export function whenDisplaced(lock: Pick<Lock, 'isReplaced'>, stateDir: string, clock: Clock, displaced: (error: MusterError) => void) {
  let timer: Timer | null = null;
  let closed = false;
  next();
  return {
    close() {
      closed = true;
      timer?.cancel();
    },
  };

  function next(): void {
    timer = clock.after(lookMs, () => void look());
  }

  async function look(): Promise<void> {
    const isReplaced = await lock.isReplaced().catch(() => false);
    if (closed) return;
    if (!isReplaced) return next();
    const message = `${stateDir} was removed under this daemon and has another one now; everything of this one was stopped`;
    displaced(new MusterError('EALREADY', message, { exitCode: exitCode.error }));
  }
}
