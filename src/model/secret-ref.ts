import { isMap } from './settings.ts';

/** What is left of a reference that can hold a secret itself: a template, or what was set by hand. */
const hiddenReference = 'text:';

/**
 * A copy of data in which each secret is what may leave the machine: where it is read from, without its fingerprint, which
 * would tell that two are equal; of a template not even that.
 */
export function withBareSecrets<T>(data: T): T {
  return bare(data) as T;
}

function bare(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(bare);
  if (!isMap(data)) return data;
  if (isSecret(data)) return { secret: /^(?:text|sealed):/.test(data.secret) ? hiddenReference : data.secret };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, bare(value)]));
}

/** Where secrets stand in data, as paths of keys joined by periods. */
export function secretPaths(data: unknown, path = ''): string[] {
  if (Array.isArray(data)) return data.flatMap((item, index) => secretPaths(item, `${path}[${index}]`));
  if (!isMap(data)) return [];
  if (isSecret(data)) return [path];
  return Object.entries(data).flatMap(([key, value]) => secretPaths(value, path === '' ? key : `${path}.${key}`));
}

/** The files that secrets are read from. */
export function secretFilesIn(data: unknown): string[] {
  if (Array.isArray(data)) return data.flatMap(secretFilesIn);
  if (!isMap(data)) return [];
  if (isSecret(data)) return data.secret.startsWith('file:') ? [data.secret.slice('file:'.length)] : [];
  return Object.values(data).flatMap(secretFilesIn);
}

/** `{secret: "file:…"}`, with or without a fingerprint; not a map of the user's that happens to have such a key. */
function isSecret(data: Readonly<Record<string, unknown>>): data is { readonly secret: string } {
  const { secret } = data;
  if (typeof secret !== 'string' || !/^(?:env|file|exec|text|sealed):/.test(secret)) return false;
  return Object.keys(data).every((key) => key === 'secret' || key === 'fingerprint');
}
