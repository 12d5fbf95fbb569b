import type { Diagnostic } from './diagnostic.ts';

/**
 * The stable codes of errors that users and scripts can run into, errno-style (CONTRACT §5).
 * `EINVALIDCONFIG` carries diagnostics; `EREFUSED` is a refusal by policy; `ESTALE` a saved plan that no longer fits.
 */
export type ErrorCode =
  | 'EEXIST'
  | 'ENOENT'
  | 'ENOSYS'
  | 'EINVAL'
  | 'EINVALIDCONFIG'
  | 'EBUSY'
  | 'EALREADY'
  | 'ETIMEDOUT'
  | 'EPERM'
  | 'EREFUSED'
  | 'ESTALE'
  | 'EPROTO'
  | 'ECONNREFUSED'
  | 'EHOSTUNREACH'
  | 'ECANCELED'
  | 'ERESTART'
  | 'ENOSPC'
  | 'EACCES'
  | 'E2BIG'
  | 'ENOTSUP'
  | 'ERANGE'
  | 'EIO'
  | 'EFAILED';

export interface MusterErrorOptions {
  /** What to do about it, as one sentence or a command to paste. */
  hint?: string;
  /** The process exit code, where it is not the one that belongs to the code. */
  exitCode?: number;
  cause?: unknown;
  diagnostics?: readonly Diagnostic[];
  /** The last lines of output of the module that failed. */
  output?: readonly string[];
}

/** An error as it crosses the control socket. */
export interface WireError {
  code: string;
  message: string;
  hint?: string;
  exitCode?: number;
  diagnostics?: readonly Diagnostic[];
  output?: readonly string[];
}

/** Whatever a user can run into. Anything else that is thrown is a bug and shows its stack. */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number | undefined;
  readonly diagnostics: readonly Diagnostic[] | undefined;
  readonly output: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, options: MusterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MusterError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode;
    this.diagnostics = options.diagnostics;
    this.output = options.output;
  }
}

/** The error as data; a bug becomes `EFAILED` with its message. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof MusterError)) return { code: 'EFAILED', message: messageOf(error) };
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.exitCode === undefined ? {} : { exitCode: error.exitCode }),
    ...(error.diagnostics === undefined ? {} : { diagnostics: error.diagnostics }),
    ...(error.output === undefined ? {} : { output: error.output }),
  };
}

/** The data back as an error. */
export function fromWire(wire: WireError): MusterError {
  const { code, message, ...options } = wire;
  return new MusterError(code as ErrorCode, message, options);
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
