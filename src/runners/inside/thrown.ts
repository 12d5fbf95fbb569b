import { inspect } from 'node:util';
import { MusterError } from '../../model/error.ts';
import type { Thrown } from '../protocol.ts';

/** Anything that was thrown, as data. A code of muster's own is kept; those of modules mean nothing to the daemon. */
export function toThrown(error: unknown): Thrown {
  try {
    if (error instanceof MusterError) return { code: error.code, message: error.message, stack: '' };
    const message = error instanceof Error ? String(error.message || error.name) : inspect(error);
    return { code: 'EFAILED', message, stack: inspect(error) };
  } catch {
    return { code: 'EFAILED', message: 'something that cannot be shown', stack: '' };
  }
}
