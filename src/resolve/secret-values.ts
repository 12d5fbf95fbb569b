/** Values of the past are kept for going back to an older generation; the oldest are forgotten. */
const mostKept = 10_000;

/** The values of secrets that were read, by fingerprint, and what of them is told to nobody. */
export interface SecretValues {
  get(fingerprint: string): string | undefined;
  /** `parts`: what was filled into it, which says as much. */
  keep(fingerprint: string, value: string, parts: readonly string[]): void;
  /** All of them; the same array for as long as they are the same. */
  all(): readonly string[];
}

export function createSecretValues(): SecretValues {
  const kept = new Map<string, { readonly value: string; readonly parts: readonly string[] }>();
  let all: readonly string[] | null = null;
  return {
    get: (fingerprint) => kept.get(fingerprint)?.value,
    keep(fingerprint, value, parts) {
      const isNew = !kept.delete(fingerprint);
      kept.set(fingerprint, { value, parts });
      for (const oldest of kept.keys()) {
        if (kept.size <= mostKept) break;
        kept.delete(oldest);
      }
      if (isNew) all = null;
    },
    all() {
      all ??= [...new Set([...kept.values()].flatMap(({ value, parts }) => [value, ...parts]))];
      return all;
    },
  };
}
