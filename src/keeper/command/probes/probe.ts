import { MusterError } from '../../../model/error.ts';

/** One test of whether something is there or well, made once and tried as often as is asked for. */
export interface Probe {
  /** What is tested, for messages: `tcp 127.0.0.1:8080`. */
  readonly what: string;
  /** It is not tried as often as others: each attempt is a process. */
  readonly costly?: true;
  /** Null: it passes; else why not, in words. Never rejects, and ends soon after `signal` is aborted. */
  attempt(signal: AbortSignal): Promise<string | null>;
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'no answer from the name server',
  ENOENT: 'does not exist',
  EACCES: 'permission denied',
  ABORT_ERR: 'no answer in time',
};

/** What went wrong, as short as can be. */
export function failureWords(error: unknown): string {
  if (error instanceof MusterError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  return words[code ?? ''] ?? (message || code || String(error));
}
