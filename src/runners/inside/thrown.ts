import { inspect } from 'node:util';
import { MusterError } from '../../model/error.ts';
import type { Thrown } from '../protocol.ts';

/** Characters: an error is for people. */
const longestMessage = 16 * 1024;
const longestStack = 64 * 1024;

/** Anything that was thrown, as data. A code of muster's own is kept; those of modules mean nothing to the daemon. */
export function toThrown(error: unknown): Thrown {
  try {
    if (error instanceof MusterError) return { code: error.code, message: error.message, stack: '' };
    // Of a module that comes with muster, which has the class bundled: what it refuses is said in words, and no bug.
    const stack = error instanceof Error && error.name === 'MusterError' ? '' : shown(error);
    const message = error instanceof Error ? String(error.message || error.name) : `${stack} (no Error, so nothing tells where)`;
    return { code: 'EFAILED', message: cut(message, longestMessage), stack };
  } catch {
    return { code: 'EFAILED', message: 'something that cannot be shown', stack: '' };
  }
}

/** With its stack, if it is an error. Throws what showing it throws. */
function shown(error: unknown): string {
  if (error instanceof Error) return cut(inspect(error), longestStack);
  return cut(inspect(error, { maxArrayLength: 20, maxStringLength: 1000, breakLength: Number.POSITIVE_INFINITY }), 4096);
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
