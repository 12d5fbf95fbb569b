import type { Address } from './bus.ts';

/**
 * Packets of one sender to one receiver, on their way between two runners or to the daemon. They are written once where they
 * come from and read once where they go; whatever passes them on sees who, to whom, how many requests and how many bytes. What
 * clients of the socket say and hear is JSON text, everything else a clone.
 */
export interface Sealed {
  readonly type: 'sealed';
  readonly to: Address;
  readonly from: Address;
  /** How many of them are requests. */
  readonly requests: number;
  readonly bytes: Uint8Array;
}

/** What is in it is looked at by who opens it. */
export function isSealed(message: unknown): message is Sealed {
  if (typeof message !== 'object' || message === null) return false;
  const { type, to, from, requests, bytes } = message as Record<string, unknown>;
  return (
    type === 'sealed' &&
    Number.isSafeInteger(to) &&
    Number.isSafeInteger(from) &&
    bytes instanceof Uint8Array &&
    Number.isSafeInteger(requests) &&
    (requests as number) >= 0 &&
    (requests as number) <= bytes.length
  );
}
