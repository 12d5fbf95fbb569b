/**
 * Whether a name matches a pattern in which `*` stands for any run of characters and `?` for one.
 * All other characters stand for themselves.
 */
export function globMatches(pattern: string, name: string): boolean {
  return globRegExp(pattern).test(name);
}

export function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

export function globRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 's');
}
