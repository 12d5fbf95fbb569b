import type { SecretRef } from '../model/fields/kit.ts';

/** A copy of `spec` in which the secrets at these paths carry their fingerprint, and a reference that may be shown. */
export async function withFingerprints<T>(
  spec: T,
  paths: readonly (readonly string[])[],
  fingerprint: (reference: string, path: readonly string[]) => Promise<string>,
  seal: (reference: string) => string,
): Promise<T> {
  const copy = structuredClone(spec);
  for (const path of paths) {
    const place = at(copy, path);
    if (!isSecret(place)) continue;
    place.fingerprint = await fingerprint(place.secret, path);
    place.secret = seal(place.secret);
  }
  return copy;
}

/** A copy of `data` with the value in place of each secret that has a fingerprint. */
export async function withValues(data: unknown, value: (secret: SecretRef) => Promise<string>): Promise<unknown> {
  if (data === null || typeof data !== 'object') return data;
  if (Array.isArray(data)) return Promise.all(data.map((item) => withValues(item, value)));
  if (isSecret(data) && typeof data.fingerprint === 'string' && Object.keys(data).length === 2) return value(data);
  const filled: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(data)) filled[key] = await withValues(item, value);
  return filled;
}

/** What the secrets at these paths refer to: `file:/run/secrets/token`. */
export function referencesAt(spec: unknown, paths: readonly (readonly string[])[]): string[] {
  return paths.flatMap((path) => {
    const place = at(spec, path);
    return isSecret(place) ? [place.secret] : [];
  });
}

function at(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], data);
}

function isSecret(data: unknown): data is SecretRef {
  return data !== null && typeof data === 'object' && typeof (data as Partial<SecretRef>).secret === 'string';
}
