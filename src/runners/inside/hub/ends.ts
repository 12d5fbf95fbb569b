import type { Ended, Fault } from '../../../model/driver.ts';
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
export function endOfSettled({ reason, thrown, fault }: NonNullable<Resident['settled']>): End {
  return { ended: ended(reason, thrown, fault), code: thrown?.code ?? 'EFAILED' };
}

/**
 * How a module ended with its realm: what it said itself comes first, then who ended it, then what happened to the thread.
 * `among`: others were in it, and whose doing that was cannot be known.
 */
export function endWithRealm({ settled, killed, host, realm }: Resident, { failure, exitCode }: ThreadExit, among: boolean): End {
  if (settled !== null) return endOfSettled(settled);
  if (killed) return terminated;
  if (realm.cause !== null) return becauseOfAnother(realm.cause);
  if (host !== null && !realm.residents.has(host.id)) return becauseOfAnother(`its service ${host.name} ended`);
  const fault = among ? 'unknown' : undefined;
  const whose = realm.shared || host !== null ? 'its thread ended: ' : '';
  if (failure !== null) {
    const message = messageOf(failure);
    const error = { message: `${whose}${message}`, ...(failure instanceof Error && failure.stack ? { stack: failure.stack } : {}) };
    return { ended: ended(`${whose}threw: ${message}`, error, fault), code: 'EFAILED' };
  }
  const reason = `${whose}exited with code ${exitCode}`;
  return { ended: ended(reason, exitCode === 0 && whose === '' ? null : { message: reason }, fault), code: 'EFAILED' };
}

export function failed(message: string, code: ErrorCode = 'EFAILED', hint?: string): End {
  return { ended: ended(message, { message }), code, ...(hint === undefined ? {} : { hint }) };
}

export function becauseOfAnother(message: string): End {
  return { ended: ended(message, { message }, 'another'), code: 'EFAILED' };
}

function ended(reason: string, error: { message: string; stack?: string } | null, fault?: Fault): Ended {
  const how = { code: null, signal: null, reason, ...(fault === undefined ? {} : { fault }) };
  if (error === null) return { ...how, error };
  const { message, stack } = error;
  return { ...how, error: { message, ...(stack === undefined || stack === '' ? {} : { stack }) } };
}
