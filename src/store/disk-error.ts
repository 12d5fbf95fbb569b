import { type ErrorCode, MusterError, messageOf } from '../model/error.ts';

const codes: Record<string, ErrorCode> = { ENOSPC: 'ENOSPC', EDQUOT: 'ENOSPC', EACCES: 'EACCES', EPERM: 'EACCES', EROFS: 'EACCES' };
const hints: Partial<Record<ErrorCode, string>> = {
  ENOSPC: 'Free some space; what runs is not affected, and changes work again as soon as there is room.',
  EACCES: 'The state dir must be writable by the user that runs the daemon.',
};

/** A failed write as users see it: `ENOSPC`, `EACCES`, else `EIO`. */
export function diskError(error: unknown, doing: string): MusterError {
  if (error instanceof MusterError) return error;
  const code = codes[String((error as NodeJS.ErrnoException | null)?.code)] ?? 'EIO';
  const hint = hints[code];
  return new MusterError(code, `${doing}: ${messageOf(error)}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}
