/**
 * Whether a name matches a pattern in which `*` stands for any run of characters and `?` for one.
 * All other characters stand for themselves. Patterns come from modules too, so the time is bounded by the product of
 * the two lengths, whatever they are: no regular expression.
 */
export function globMatches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length; ) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      resume = i;
    } else if (wanted === '?' || wanted === name[i]) {
      at += 1;
      i += 1;
    } else if (star !== -1) {
      // The last star takes one more character.
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
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
