/** `did you mean x`, or undefined where nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const near = nearest(word, known);
  return near === null ? undefined : `did you mean ${near}`;
}

/** The known word that takes the fewest edits to get to, if that is at most a third of its letters, or one of two. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const length = Math.max(word.length, candidate.length);
    const allowed = length < 3 ? length - 1 : Math.floor(length / 3);
    if (Math.abs(word.length - candidate.length) > allowed) continue;
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= allowed && edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
