import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What one start of a proxy is known by in `Via` (RFC 9110, 7.6.3): another one of the same name may well be on the way. */
export function createMark(): string {
  return `1.1 muster-${randomBytes(6).toString('hex')}`;
}

/** Marks a request that is about to be passed on. False: it has come back to where it was passed on before. */
export function mark(headers: IncomingHttpHeaders, own: string): boolean {
  const { via } = headers;
  if (via?.includes(own) === true) return false;
  headers.via = via === undefined ? own : `${via}, ${own}`;
  return true;
}
