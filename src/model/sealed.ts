import type { Address } from './bus.ts';

/**
 * Packets of one sender to one receiver, on their way between two runners or to the daemon. They are written once where they
 * come from and read once where they go; whatever passes them on sees who, to whom, how many requests and how long. What
 * clients of the socket say and hear is JSON text, everything else a clone.
 */
export interface Sealed {
  readonly type: 'sealed';
  readonly to: Address;
  readonly from: Address;
  /** How many of them are requests. */
  readonly requests: number;
  /** Text is JSON, bytes are a clone: a text crosses from thread to thread at half of what bytes cost. */
  readonly content: string | Uint8Array;
}

/** What is in it is looked at by who opens it. */
export function isSealed(message: unknown): message is Sealed {
  if (typeof message !== 'object' || message === null) return false;
  const { type, to, from, requests, content } = message as Record<string, unknown>;
  return (
    type === 'sealed' &&
    Number.isSafeInteger(to) &&
    Number.isSafeInteger(from) &&
    (typeof content === 'string' || content instanceof Uint8Array) &&
    Number.isSafeInteger(requests) &&
    (requests as number) >= 0 &&
    (requests as number) <= content.length
  );
}
