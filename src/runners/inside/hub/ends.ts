import type { Ended } from '../../../model/driver.ts';
import { type ErrorCode, messageOf } from '../../../model/error.ts';
import type { ThreadExit } from '../thread.ts';
import type { Resident } from './realm.ts';

export interface End {
  readonly ended: Ended;
  readonly code: ErrorCode;
  readonly hint?: string;
}

export const terminated: End = { ended: { code: null, signal: null, error: null, reason: 'terminated' }, code: 'EFAILED' };

/** How a module ended that its realm tells of, while the realm itself lives on. */
export function endOfSettled({ reason, thrown }: NonNullable<Resident['settled']>): End {
  return { ended: ended(reason, thrown), code: thrown?.code ?? 'EFAILED' };
}

/** How a module ended with its realm: what it said itself comes first, then who ended it, then what happened to the thread. */
export function endWithRealm({ settled, killed, host, realm }: Resident, { failure, exitCode }: ThreadExit): End {
  if (settled !== null) return endOfSettled(settled);
  if (killed) return terminated;
  if (realm.cause !== null) return failed(realm.cause);
  if (host !== null && !realm.residents.has(host.id)) return failed(`its service ${host.name} ended`);
  const whose = realm.shared || host !== null ? 'its thread ended: ' : '';
  if (failure !== null) {
    const message = messageOf(failure);
    const error = { message: `${whose}${message}`, ...(failure instanceof Error && failure.stack ? { stack: failure.stack } : {}) };
    return { ended: ended(`${whose}threw: ${message}`, error), code: 'EFAILED' };
  }
  const reason = `${whose}exited with code ${exitCode}`;
  return { ended: ended(reason, exitCode === 0 && whose === '' ? null : { message: reason }), code: 'EFAILED' };
}

export function failed(message: string, code: ErrorCode = 'EFAILED', hint?: string): End {
  return { ended: ended(message, { message }), code, ...(hint === undefined ? {} : { hint }) };
}

function ended(reason: string, error: { message: string; stack?: string } | null): Ended {
  if (error === null) return { code: null, signal: null, reason, error };
  const { message, stack } = error;
  return { code: null, signal: null, reason, error: { message, ...(stack === undefined || stack === '' ? {} : { stack }) } };
}
