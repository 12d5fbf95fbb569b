import type { ErrorCode } from './error.ts';

/** Exit codes of the commands (CONTRACT §5). */
export const exitCode = {
  ok: 0,
  error: 1,
  differences: 2,
  noDaemon: 3,
  failedUnchanged: 4,
  failedPartly: 6,
  stalePlan: 7,
  refused: 8,
  busy: 9,
  unhealthy: 10,
} as const;

const byCode: Partial<Record<ErrorCode, number>> = {
  ECONNREFUSED: exitCode.noDaemon,
  ESTALE: exitCode.stalePlan,
  EREFUSED: exitCode.refused,
  EALREADY: exitCode.busy,
};

/** The exit code that belongs to an error code; 1 where nothing else is said. */
export function exitCodeOf(error: { code?: unknown; exitCode?: number | undefined }): number {
  return error.exitCode ?? byCode[error.code as ErrorCode] ?? exitCode.error;
}
