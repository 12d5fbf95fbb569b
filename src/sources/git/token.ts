import type { SecretRef } from '../../model/fields/kit.ts';
import { Trouble } from './trouble.ts';

/** What the repository is asked with; null: nothing. */
export async function readToken(ref: SecretRef | undefined, secret: (ref: SecretRef) => Promise<string>): Promise<string | null> {
  if (ref === undefined) return null;
  const token = await secret(ref).catch((error: unknown) => {
    throw new Trouble('unreachable', `source.git.credentials.token cannot be read: ${(error as Error).message}`);
  });
  const trimmed = token.trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it becomes a header
  if (trimmed === '' || /[\x00-\x1f\x7f]/.test(trimmed))
    throw new Trouble('unreachable', 'source.git.credentials.token is empty or has several lines');
  return trimmed;
}
