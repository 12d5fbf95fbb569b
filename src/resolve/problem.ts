import { type ErrorCode, MusterError } from '../model/error.ts';
import type { Desired } from '../model/module.ts';

export type Problem = NonNullable<Desired['problem']>;

export function problem(code: ErrorCode, message: string, hint?: string): Problem {
  return hint === undefined ? { code, message } : { code, message, hint };
}

/** A MusterError says what it is; a system error gets the message it was given for. */
export function problemOf(error: unknown, what: string): Problem {
  if (error instanceof MusterError) return problem(error.code, error.message, error.hint);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return problem('ENOENT', `${what} does not exist`);
  if (code === 'EACCES') return problem('EACCES', `${what} cannot be read: permission denied`);
  if (code === 'EISDIR') return problem('EINVAL', `${what} is a folder, not a file`);
  return problem('EIO', `${what} cannot be read: ${message ?? String(error)}`);
}

export function toError({ code, message, hint }: Problem): MusterError {
  return new MusterError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}
